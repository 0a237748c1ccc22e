"""What the pages of each role show of people, organisations and shops: found by marks in the data, compared with an approved list.

Every text of the watched tables is given a value that stands nowhere else; whatever page then holds it shows that field.
A new column is marked like all others, so that the page that prints it is noticed without anybody thinking of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.utils import translation

from municipality.accounts.models import Organisation, User
from municipality.delegation.models import Delegation
from municipality.kernel import guards
from shops.models import Claim, Shop
from tests.architecture.access_matrix import ROWS, Row
from tests.architecture.sample_data import Sample
from tests.factories.accounts import NOURA, SALIM
from tests.factories.licensing import MANAGER
from tests.purposes import opened, subject_of
from violations.models import Violation

LIST = Path(__file__).with_name("shown_fields.txt")
WATCHED: dict[str, type[models.Model]] = {
    "person": User,
    "organisation": Organisation,
    "shop": Shop,
    "claim": Claim,
    "delegation": Delegation,
    "violation": Violation,
}
RUNE = "\u16a0"  # stands in no text, id or token of the portal
MARK = re.compile(rf"(?:{RUNE}|\\u16a0)([a-z])(\d\d)([osx])")
# Opaque ids and codes, which say nothing of anybody; what no page could show as it stands; what the work itself reads.
_CODES = {"public_id", "password", "key", "client_key", "login", "subject", "service", "purpose", "files_key", "language", "ground"}
_CODES |= {"facts_source", "edition", "limits_edition", "offence", "warning_number", "number", "last_event"}
_CHECKED = {"paci_number"}  # takes digits only: its own values are the marks
_SECRET = re.compile(r"(_digest|_cipher|_hash)$")


def columns(name: str) -> list[Any]:
    """The watched columns of a table, in an order that stays."""
    found = []
    for field in WATCHED[name]._meta.concrete_fields:
        is_text = isinstance(field, models.CharField | models.TextField) and not field.choices
        if is_text and field.name not in _CODES and not _SECRET.search(field.name):
            found.append(field)
    return found


@dataclass
class Marks:
    """The marked data: how each mark is read, and values that cannot be marked but are known."""

    names: dict[tuple[str, int], str]
    known: dict[str, tuple[str, str]]  # value → field, and whose

    def read(self, text: str, viewer: str) -> set[str]:
        """The fields that a page shows, of the viewer's own rows as `own …`, of all others by their bare name."""
        found = set()
        for table, number, whose in MARK.findall(text):
            field = self.names[table, int(number)]
            found.add(f"own {field}" if whose == viewer else field)
        for value, (field, whose) in self.known.items():
            if value in text:
                found.add(f"own {field}" if whose == viewer else field)
        return found


def mark(sample: Sample) -> Marks:
    """Mark every row. The guards of the database are gone until the transaction is rolled back."""
    guards.remove(connection)
    own = {sample.owner.person.pk: "o", sample.stranger.person.pk: "s"}
    names, known = {}, {SALIM: ("person.civil_id", "o"), NOURA: ("person.civil_id", "s")}
    known[MANAGER] = ("manager.civil_id", "o")
    for letter, (name, model) in zip("pgscdv", WATCHED.items(), strict=True):
        rows = model._default_manager.all()
        if model is User:
            rows = rows.filter(is_staff=False)
        for number, field in enumerate(columns(name)):
            names[letter, number] = f"{name}.{field.name}"
        for row in rows:
            whose = own.get(_holder(row), "x")
            fields = [(number, field) for number, field in enumerate(columns(name)) if field.name not in _CHECKED]
            values = {field.name: _value(field, f"{RUNE}{letter}{number:02d}{whose}", row.pk) for number, field in fields}
            known |= {str(getattr(row, f.name)): (f"{name}.{f.name}", whose) for f in columns(name) if f.name in _CHECKED}
            _write(model, row, values)
    return Marks(names, known)


def _write(model: Any, row: Any, values: dict[str, str]) -> None:
    """Mark empty columns, too; where they may only be filled together with others, those alone that are filled."""
    try:
        with transaction.atomic():
            model._default_manager.filter(pk=row.pk).update(**values)
    except IntegrityError:
        filled = {name: value for name, value in values.items() if getattr(row, name)}
        model._default_manager.filter(pk=row.pk).update(**filled)


def _holder(row: Any) -> Any:
    if isinstance(row, User):
        return row.pk
    if isinstance(row, Claim | Violation) and row.shop is not None:
        return row.shop.owner_id
    return next((getattr(row, name) for name in ("owner_id", "giver_id", "party_id") if hasattr(row, name)), None)


def _value(field: Any, token: str, pk: int) -> str:
    if isinstance(field, models.EmailField):
        return f"{token}@m.example"
    text = f"{token}{pk}" if field.unique else token
    return text[: field.max_length] if field.max_length else text


def pages(role: str) -> Iterator[Row]:
    """The addresses that answer the role with a page."""
    for row in ROWS:
        if row.answers.get(role, "").startswith("200"):
            yield row


def shown(sample: Sample, marks: Marks, role: str, rows: Iterable[Row] | None = None) -> dict[str, str]:
    """Every field that some page of the role shows, with the address of the first of them."""
    viewer = {"owner": "o", "stranger": "s"}.get(role, "-")
    client = sample.client(role, raise_request_exception=False)
    found: dict[str, str] = {}
    for row in pages(role) if rows is None else rows:
        for language in ("ar", "en") if "{lang}" in row.path else ("ar",):
            with transaction.atomic(), translation.override(language):
                answers = _answers(client, row.path.format(s=sample, lang=language))
                transaction.set_rollback(True)
            assert not subject_of(answers[-1]), f"{role} {row.path}: the page behind the question for the purpose was not read"
            for answer in answers:
                assert answer.status_code == 200, f"{role} {answer.status_code} {row.path}: a mark changed what the page is"
                if answer.streaming:  # its file is closed when it has been read
                    b"".join(answer.streaming_content)
                elif answer["Content-Type"].startswith(("text/", "application/json")):
                    for one in marks.read(answer.content.decode(errors="replace"), viewer):
                        found.setdefault(one, f"{language} {row.path}")
    return found


def _answers(client: Client, path: str) -> list[Any]:
    """The page, and where it asks staff for a purpose first, both the question and the page that opens after it."""
    answer: Any = client.get(path)
    if answer.status_code == 302 and answer["Location"].startswith(path.rstrip("/").rpartition("/")[0] + "/"):
        path = answer["Location"]  # an address that carries a name which was marked
        answer = client.get(path)
    return [answer, opened(client, path)] if subject_of(answer) else [answer]


def approved() -> dict[str, set[str]]:
    """Role → fields, as the file has them."""
    found: dict[str, set[str]] = {}
    role = ""
    for line in LIST.read_text(encoding="utf8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("["):
            role = text.strip("[]")
            found[role] = set()
        elif text:
            found[role].add(text)
    return found


def written(lists: Mapping[str, Iterable[str]]) -> str:
    """The file for these lists."""
    head = "# What pages show each role of people and shops. A line more or less is a decision (tests/architecture/shown_fields.py).\n"
    head += "# `own` are the reader's own rows. Contact details (person.email, person.phone) reach nobody but their person.\n"
    return head + "".join(f"\n[{role}]\n" + "".join(f"{one}\n" for one in sorted(fields)) for role, fields in lists.items())
