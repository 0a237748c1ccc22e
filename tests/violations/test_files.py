"""The files of a violation: which side sends and removes what, and when the party sees the evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from municipality.delegation.services import delegations
from municipality.kernel import clock
from municipality.uploads import registry
from municipality.uploads import services as uploads
from municipality.uploads.models import Upload
from municipality.uploads.refusals import FileRefused
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories.accounts import NOURA
from tests.violations.photographs import photographed, picture
from violations.files import SLOTS
from violations.models import Violation
from violations.services import notices, objections
from violations.states import SERVICE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def let(owner: Any, delegate: Any, row: Violation) -> None:
    assert row.shop is not None
    last_day = clock.today() + dt.timedelta(days=60)
    given = delegations.give(giver=owner, number=NOURA, subject=row.shop.key, service=SERVICE, last_day=last_day)
    delegations.accept(delegation=given, person=delegate)


def written_to(user: Any, row: Violation) -> set[str]:
    return {slot for slot in SLOTS if registry.may_write(user, row.key, slot)}


def test_each_side_writes_to_its_own_slots_only(
    write: Callable[..., Violation], inspector: Any, make_inspector: Callable[..., Any], owner: Any, stranger: Any, rules: None
) -> None:
    colleague, elsewhere = make_inspector("colleague"), make_inspector("elsewhere", "JA")
    warned, row = write("SHP-05", quantity_hundredths=300), write()
    assert warned.state == "warned"
    let(owner, stranger, row)
    staff, people = (inspector, colleague), (owner, stranger)
    assert [written_to(user, warned) for user in staff] == [{"photos", "signature"}] * 2
    assert [written_to(user, warned) for user in people] == [{"correction"}] * 2
    with clock.at(clock.now() + dt.timedelta(days=4)):
        assert [written_to(user, warned) for user in people] == [set()] * 2, "the time to put it right is over"
    assert [written_to(user, row) for user in staff] == [{"photos", "signature"}] * 2
    assert [written_to(user, row) for user in people] == [{"objection"}] * 2
    objections.file(violation=row, person=owner, ground="facts_wrong", words="لم تكن الأكياس للمحل")
    assert [written_to(user, row) for user in staff] == [{"defence"}] * 2
    assert [written_to(user, row) for user in people] == [set()] * 2
    assert written_to(elsewhere, row) == written_to(elsewhere, warned) == set()


def test_neither_side_takes_away_what_the_other_sent(write: Callable[..., Violation], inspector: Any, owner: Any, stranger: Any) -> None:
    row = write()
    let(owner, stranger, row)
    notices.record_opening(violation=row, person=owner)
    photo = photographed(row, inspector)
    paper = uploads.receive(owner=owner, subject=row.key, slot="objection", name="p.jpg", content=picture())
    run_due(("uploads.inspect",))
    for user in (owner, stranger):
        refused = signed_in(user).post(f"/ar/uploads/file/{photo.public_id}/remove/")
        assert refused.status_code == 403
        with pytest.raises(FileRefused, match="locked"):
            uploads.receive(owner=user, subject=row.key, slot="photos", name="p.jpg", content=picture())
    assert signed_in(inspector).post(f"/ar/uploads/file/{paper.public_id}/remove/").status_code == 403
    assert set(Upload.objects.values_list("state", flat=True)) == {"ready"}
    assert signed_in(owner).post(f"/ar/uploads/file/{paper.public_id}/remove/").status_code == 302


def test_its_own_evidence_is_neither_removed_nor_replaced_by_an_inspector(write: Callable[..., Violation], inspector: Any) -> None:
    row = write()
    photo, client = photographed(row, inspector), signed_in(inspector)
    page = client.get(f"/ar/uploads/{row.key}/photos/").content.decode()
    assert photo.name in page and "/remove/" not in page and "/replace/" not in page
    assert client.post(f"/ar/uploads/file/{photo.public_id}/remove/").status_code == 403
    other = picture("black")
    assert client.post(f"/ar/uploads/file/{photo.public_id}/replace/", {"files-photos": other}).status_code == 403
    with pytest.raises(FileRefused, match="locked"):
        uploads.receive(owner=inspector, subject=row.key, slot="photos", name="o.jpg", content=picture("black"), replaces=photo)
    photo.refresh_from_db()
    assert photo.state == "ready"


def test_the_party_sees_the_evidence_once_the_notice_is_opened(write: Callable[..., Violation], inspector: Any, owner: Any) -> None:
    row = write()
    photo, client = photographed(row, inspector), signed_in(owner)
    addresses = (
        f"/ar/uploads/{row.key}/photos/",
        f"/ar/uploads/{row.key}/photos/list/",
        f"/ar/uploads/file/{photo.public_id}/look/",
        f"/ar/violations/{row.public_id}/photos/{photo.public_id}/",
    )
    assert [client.get(address).status_code for address in addresses] == [404] * len(addresses)
    assert client.get(f"/ar/uploads/{row.key}/objection/").status_code == 200
    client.post(f"/ar/violations/{row.public_id}/open/")
    assert [client.get(address).status_code for address in addresses] == [200] * len(addresses)


def test_a_file_that_a_delegate_has_begun_is_found_again(write: Callable[..., Violation], owner: Any, stranger: Any) -> None:
    """Else the one that stays unfinished takes up the room of the same file sent again, for a day."""
    row = write()
    let(owner, stranger, row)
    told: dict[str, Any] = {"subject": row.key, "slot": "objection", "name": "p.jpg", "size": 900, "fingerprint": "abc"}
    begun = uploads.begin(owner=stranger, **told)
    assert (begun.owner, begun.sent_by) == (owner, stranger)
    assert uploads.begin(owner=stranger, **told) == begun
    assert uploads.begin(owner=owner, **told) != begun, "what another person sends is a file of its own"
