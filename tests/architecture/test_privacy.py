"""Goals Z2, Z3, Z5, Z6 and Z7: guesses open nothing, names that grant a view are random, forms change what they say and no more, and
what reaches the staff holds no way to a person. Each with the harm that comes without its guard."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from django.forms import ModelForm
from django.test import Client
from django.urls import reverse

from licensing.health.queries import offer
from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry
from municipality.cases.models import Case
from municipality.documents import store
from municipality.kernel import clock, ids
from municipality.review.models import Assignment
from municipality.review.services import desk
from shops.models import Shop
from tests import desk_acts
from tests.architecture.access_matrix import ROWS
from tests.architecture.requests_undone import errors_once, read_once
from tests.architecture.sample_data import Sample, built_sample, one_sample  # noqa: F401
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.factories.licensing import MANAGER, RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
GUESSES = 5_000


# Z2: files.


def _mutants(token: str, rng: random.Random) -> Iterator[str]:
    """The token with one character changed, cut, doubled, joined with another path."""
    letters = ids.ALPHABET.lower() + "-_:."
    for at, letter in enumerate(token):
        yield token[:at] + rng.choice(letters.replace(letter.lower(), "")) + token[at + 1 :]
    yield from (token[:length] for length in range(0, len(token), 3))
    yield from (f"{token}{tail}" for tail in ("=", "%00", ".jpg", "/../", "?page=2", ":", "%2e%2e%2f"))
    yield from (f"{before}{token}" for before in ("../", "..%2f", "%2f", "./", "file%3a"))


def _guesses(sample: Sample, rng: random.Random) -> Iterator[str]:
    """Addresses that a stranger may try: changed links, the owner's whole link, made-up ones, ids, numbers in a row."""
    token = sample.files.token
    yield f"/files/{token}"
    for mutant in _mutants(token, rng):
        yield f"/files/{mutant}"
    named = sample.files.ready.public_id
    for verb, who in itertools.product(
        ("look", "save", "remove", "replace"), (named, named.upper(), str(sample.files.ready.pk), named[:-1])
    ):
        yield f"/ar/uploads/file/{who}/{verb}/"
    stem, _dash, last = sample.owner.licence.document.number.rpartition("-")
    head, number = stem.rsplit("-", 1)
    for step in range(1000):
        yield f"/documents/{ids.with_check(f'{head}-{(int(number) + step) % 10 ** len(number):0{len(number)}d}')}.pdf"
    for name in ("etc/passwd", "..%2f..%2fsettings", str(sample.owner.receipt.document), last):
        yield f"/documents/{name}.pdf"
    while True:
        yield f"/files/{ids.public_id()}{ids.public_id()}:{ids.public_id()}"
        yield f"/en/uploads/file/{ids.public_id()}/look/"


def _gives(client: Client, address: str, secret: bytes, **headers: str) -> bool:
    answer = client.get(address, headers=headers)
    body: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return secret[64:256] in body or (answer.status_code == 200 and answer["Content-Type"].startswith(("image/", "application/pdf")))


def test_five_thousand_guesses_of_a_stranger_give_no_byte_of_a_file(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)  # none of the guesses signs the stranger out
    errors_once(monkeypatch)
    assert sample.files.ready.file is not None
    content = store.read(sample.files.ready.file)
    owner, stranger = sample.client("owner"), sample.client("stranger", raise_request_exception=False)
    assert _gives(owner, f"/files/{sample.files.token}", content), "the control: the link itself gives the file to its owner"
    own = f"/documents/{sample.stranger.licence.document.number}.pdf"
    guesses = (address for address in _guesses(sample, random.Random(7)) if address != own)
    for number, address in enumerate(itertools.islice(guesses, GUESSES)):
        ranged = {"Range": "bytes=0-99"} if number % 5 == 0 else {}
        assert not _gives(stranger, address, content, **ranged), address


def test_an_old_link_gives_nothing_to_its_owner_either(sample: Sample, settings: Any) -> None:
    assert sample.files.ready.file is not None
    content, token = store.read(sample.files.ready.file), sample.files.token
    with clock.at(clock.now() + dt.timedelta(seconds=settings.UPLOADS_LINK_SECONDS + 1)):
        assert not _gives(sample.client("owner"), f"/files/{token}", content)


# Z3: names that grant a view.

BITS_OF_A_LINK, BITS_OF_A_CODE = 128, 80


def _bits(make: Any) -> float:
    """Random bits of what `make` gives, as an upper bound told by its length and alphabet; constant places count for nothing."""
    made = [make() for _ in range(400)]
    varied = sum(len({one[place] for one in made}) > 16 for place in range(len(made[0])))
    return varied * math.log2(len(ids.ALPHABET))


def test_names_in_links_and_typed_codes_have_enough_random_bits() -> None:
    assert _bits(ids.public_id) >= BITS_OF_A_LINK
    assert _bits(ids.typed_code) >= BITS_OF_A_CODE
    assert _bits(lambda: ids.with_check("HLT-HW-2026-004217")) == 0, "the control: a number in a row has none"


def test_every_public_id_is_made_by_the_one_function() -> None:
    found = [field for model in apps.get_models() for field in model._meta.fields if field.name == "public_id"]
    assert len(found) > 5
    assert [str(field) for field in found if field.default is not ids.public_id] == []


def test_a_number_in_the_place_of_a_random_name_opens_nothing(sample: Sample) -> None:
    """Primary keys and references, which follow each other, in every address that names a row of the owner."""
    stranger, client = sample.client("stranger"), sample.client("owner")
    owner = sample.owner
    named = {owner.waiting.public_id: owner.waiting, owner.shop.public_id: owner.shop, owner.due.public_id: owner.due}
    tried = 0
    for row in ROWS:
        path = row.path.format(s=sample, lang="ar")
        for public_id, thing in named.items():
            if public_id in path and row.answers.get("owner", "").startswith("200"):
                for number in (str(thing.pk), getattr(thing, "reference", str(thing.pk))):
                    tried += 1
                    guessed = path.replace(public_id, number)
                    assert {client.get(guessed).status_code, stranger.get(guessed).status_code} == {404}, guessed
    assert tried > 5


# Z5: what a form changes.

OWN_FIELDS: dict[type[models.Model], set[str]] = {User: {"language", "last_login"}}
TABLES: tuple[type[models.Model], ...] = (User, Shop, Case)


def _everything() -> dict[str, str]:
    """A value for every field of every table that a form of a person stands near."""
    values = {}
    for model in TABLES:
        for field in model._meta.fields:
            for name in {field.name, field.attname}:
                values[name] = {"BooleanField": "on", "DateField": "2030-01-01", "DateTimeField": "2030-01-01 10:00"}.get(
                    field.get_internal_type(), "7"
                )
    return values


def _rows() -> dict[str, dict[str, Any]]:
    return {
        f"{model.__name__} {row.pk}": {
            f.attname: getattr(row, f.attname) for f in model._meta.fields if f.name not in OWN_FIELDS.get(model, ())
        }
        for model in TABLES
        for row in model._default_manager.all()
    }


def _forms_of_a_person() -> list[str]:
    return [
        row.path for row in ROWS if row.path.startswith("/{lang}/") and re.match(r"\d+ \d+ (200|302|400|409)", row.answers.get("owner", ""))
    ]


@pytest.mark.parametrize("path", _forms_of_a_person())
def test_a_form_changes_no_field_that_it_does_not_offer(path: str, sample: Sample) -> None:
    """Posted: every field of people, shops and cases. None of them changes, whatever the form makes of the rest."""
    row = next(one for one in ROWS if one.path == path)
    before = _rows()
    posted = _everything() | {name: value.format(s=sample) for name, value in row.post.items()}
    with transaction.atomic():
        sample.client("owner", raise_request_exception=False).post(path.format(s=sample, lang="ar"), posted)
        after = _rows()
        transaction.set_rollback(True)
    changed = {key: {n for n in rows if rows[n] != after[key][n]} for key, rows in before.items() if key in after and rows != after[key]}
    moved = {"state", "is_open", "last_event_id", "closed_at", "due_on"}  # by the form's own act, never to a posted value
    assert {key: names - moved for key, names in changed.items() if names - moved} == {}
    assert all(after[key]["state"] != "7" for key in after if key.startswith("Case"))


def test_a_form_that_took_every_field_would_be_seen(sample: Sample) -> None:
    before = _rows()
    with transaction.atomic():
        posted = {name: value for name, value in _everything().items() if name in {"name_ar", "staff_number"}}
        User.objects.filter(pk=sample.owner.person.pk).update(**posted)  # as a form with all fields would
        assert _rows() != before
        transaction.set_rollback(True)


def test_every_form_names_its_fields() -> None:
    """A form of a model lists what it takes; `__all__` and `exclude` would take what is added later."""

    def below(cls: Any) -> Iterator[Any]:
        for sub in cls.__subclasses__():
            yield sub
            yield from below(sub)

    ours = [form for form in below(ModelForm) if not form.__module__.startswith(("django.", "allauth."))]
    assert ours
    for form in ours:
        options = form._meta  # type: ignore[attr-defined]
        assert options.model is None or (options.fields not in (None, "__all__") and not options.exclude), form


# Z7: what reaches the staff.


@dataclass
class Read:
    """A page as it was answered, and how many looks at the person it left."""

    html: str
    looks: int


@pytest.fixture
def desk_pages(sample: Sample) -> dict[str, Read]:
    """Every page of the desk about one case, as its officer and a supervisor read it: screen, previews, a refusal, the paper to sign."""
    person = sample.owner.person
    shop = next(shop for shop in Shop.objects.filter(owner=person) if offer(shop).may_be_studied)
    user = OfficerFactory(login="reader", branch_id=shop.branch_id)
    signer = StaffFactory(supervisor=True, login="signer", branch_id=shop.branch_id)
    RenewalCaseFactory(shop=shop, applicant=person, changed=["area_m2", "manager"])
    client, second = signed_in(user), signed_in(signer)
    client.post(reverse("admin:desk_next"))
    held = Assignment.objects.get(officer=user, on_desk=True)
    address = reverse("admin:desk_case", args=[held.place.case.public_id])
    found: dict[str, Read] = {}

    def ask(name: str, who: Client, path: str, data: dict[str, str] | None = None, status: int = 200) -> None:
        before = AccessLogEntry.objects.filter(person_key=person.key).count()
        answer = who.get(path) if data is None else who.post(path, data)
        assert answer.status_code == status, name
        found[name] = Read(answer.content.decode(), AccessLogEntry.objects.filter(person_key=person.key).count() - before)

    desk_acts.checked(held)
    ask("home", client, "/admin/")
    ask("case", client, address)
    ask("corrections", client, f"{address}corrections/", {"ask": "area_m2.area_differs"})
    ask("refused act", client, f"{address}corrections/", {}, 409)
    ask("refusal", client, f"{address}refuse/", {"code": "conditions_not_met"})
    desk.propose_refusal(assignment=held, code="conditions_not_met")
    ask("to sign", second, reverse("admin:desk_sign"))
    ask("board", second, reverse("admin:desk_board"))
    return found


# Z6: pages about the person leave one look each, lists of references none.


def test_every_page_of_the_desk_about_a_person_leaves_exactly_one_look(sample: Sample, desk_pages: dict[str, Read]) -> None:
    lists = {"home", "board"}
    assert {name: read.looks for name, read in desk_pages.items()} == {name: 0 if name in lists else 1 for name in desk_pages}
    for name in lists:
        assert sample.owner.person.name_ar not in desk_pages[name].html
    shown = sample.client("owner").get(f"/en/cases/{Case.objects.get(state='countersign').public_id}/").content.decode()
    assert shown.count(": study of a request") == sum(read.looks for read in desk_pages.values()), "the person sees each"


def test_a_page_that_skips_the_look_is_found(sample: Sample, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr("municipality.review.admin.case.log_case_access", lambda *_: None)
    monkeypatch.setattr("municipality.review.admin.access.log_case_access", lambda *_: None)
    read = request.getfixturevalue("desk_pages")
    assert read["case"].looks == read["corrections"].looks == 0 and "kp-casefacts" in read["case"].html


def _ways_to(person: Any) -> set[str]:
    """What leads to a person: address, phone in every writing, civil number."""
    phone = person.phone
    return {person.email, phone, phone.removeprefix("965"), f"{phone[-8:-4]} {phone[-4:]}", person.last_four} - {""}


def test_no_page_of_the_desk_holds_a_way_to_the_applicant(sample: Sample, desk_pages: dict[str, Read]) -> None:
    person = sample.owner.person
    assert person.email and person.phone
    for name, read in desk_pages.items():
        shown = {way for way in _ways_to(person) - {person.last_four} if way in read.html}
        assert not shown, f"{name}: {shown}"
    assert MANAGER not in "".join(read.html for read in desk_pages.values())
    case = Case.objects.get(state="countersign", applicant=person)
    assert all(case.reference in desk_pages[name].html for name in ("case", "to sign")), "the pages are about this person"


def test_a_page_that_printed_the_address_would_be_found(sample: Sample, desk_pages: dict[str, Read]) -> None:
    harmed = desk_pages["case"].html.replace("</dl>", f"{sample.owner.person.email}</dl>", 1)
    assert {way for way in _ways_to(sample.owner.person) if way in harmed}
