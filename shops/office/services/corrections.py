"""Exports and small corrections, up to 5,000 rows, by django-import-export; larger ones are sheets (`shops.imports`).

What may go out, what a correction would do, and doing it in one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import tablib
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.documents import store
from municipality.documents.models import StoredFile
from municipality.kernel import ids
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.ui.tables import as_csv, as_xlsx
from shops.imports.columns import COLUMNS, LAYOUT
from shops.models import Shop
from shops.office.resources import MOST, ShopResource
from shops.register.roles import CLERK, KEEPER, require_group

MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@dataclass
class Preview:
    """What a correction does: line, shop, and before and after by column; and its errors by line and column."""

    file: StoredFile
    changes: list[tuple[int, Shop, dict[str, list[Any]]]] = field(default_factory=list)
    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    same: int = 0


def export(*, shops: QuerySet[Shop], form: str, filters: dict[str, str], by: Any) -> bytes:
    """Shops as CSV or XLSX; no cell is read as a formula. Raises NotPermitted, Refused: too_many, unknown_form."""
    require_group(by, CLERK, KEEPER)
    if form not in MEDIA:
        raise Refused("unknown_form", _("The page came back incomplete. Load it again."))
    rows = shops.select_related("area", "activity").order_by("pk")
    count = rows[: MOST + 1].count()
    if count > MOST:
        raise Refused("too_many", _("More than 5,000 shops fit. Please choose an area or an activity, and export them one by one."))
    resource = ShopResource()
    found = resource.export(queryset=rows)
    cells = [["" if cell is None else str(cell) for cell in row] for row in found]
    with transaction.atomic():
        data = {"shops": count, "form": form, **filters}
        record("register.exported", subject="register:shops", actor=Actor("register", by.key), data=data)
    if form == "csv":
        return as_csv(found.headers, cells, separator=";")
    return as_xlsx([("shops", found.headers, cells)])


def preview(*, content: bytes, by: Any) -> Preview:
    """Read a correction without effect and keep its bytes. Raises NotPermitted, NotReadable, Refused: too_many."""
    require_group(by, KEEPER)
    dataset, lines = _dataset(content)
    with transaction.atomic():
        found = Preview(store.put(content, "text/csv"))
    return _run(dataset, lines, found, ShopResource(), dry_run=True)


@transaction.atomic
def correct(*, file: StoredFile, by: Any) -> Preview:
    """Do what the preview showed, all of it or nothing. Raises NotPermitted, Refused: too_many, wrong_lines, nothing_new."""
    require_group(by, KEEPER)
    content = store.read(file)
    dataset, lines = _dataset(content)
    actor, source = Actor(KEEPER, by.key), f"correction:{ids.public_id()}"
    found = _run(dataset, lines, Preview(file), ShopResource(source, actor), dry_run=False)
    if found.wrong:
        raise Refused("wrong_lines", _("The file has lines with errors. Please correct them and load it again."))
    if not found.changes:
        raise Refused("nothing_new", _("This is what the register says already. Please write what is new."))
    data = {"shops": len(found.changes), "source": source, "sha256": hashlib.sha256(content).hexdigest()}
    record("register.corrected", subject="register:shops", actor=actor, data=data)
    return found


def _dataset(content: bytes) -> tuple[tablib.Dataset, list[int]]:
    """The rows of a file, and the line of each as a sheet counts it."""
    text, _encoding = LAYOUT.decode(content)
    dataset = tablib.Dataset(headers=list(COLUMNS))
    lines: list[int] = []
    for number, cells, _extra in LAYOUT.lines(text):
        if len(lines) == MOST:
            raise Refused("too_many", _("A correction takes at most 5,000 lines. Please load it as a sheet of the register."))
        dataset.append([cells.get(name, "").removeprefix("'") for name in COLUMNS])
        lines.append(number)
    return dataset, lines


def _run(dataset: tablib.Dataset, lines: Sequence[int], found: Preview, resource: ShopResource, *, dry_run: bool) -> Preview:
    result = resource.import_data(dataset, dry_run=dry_run, raise_errors=False, use_transactions=False)
    for error in result.base_errors:
        raise error.error
    for _number, errors in result.row_errors():
        raise errors[0].error from None
    for invalid in result.invalid_rows:
        for column, sentences in invalid.field_specific_errors.items():
            found.wrong += [(lines[invalid.number - 1], column, sentence) for sentence in sentences]
    found.changes = [(lines[number - 1], shop, effect) for number, shop, effect in resource.changes]
    found.same = len(lines) - len(found.changes) - len(result.invalid_rows)
    return found
