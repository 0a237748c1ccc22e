"""The second visit, after a warning: its paper, its photos and its signature are not those of the first one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from municipality.documents import seal
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.uploads import services as uploads
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.due_jobs import run_due
from tests.violations.photographs import picture
from violations.models import EvidenceKind, Service, Violation
from violations.services import documents, evidence, notices, violation_reports

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sealed(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)


@pytest.fixture
def warned(write: Callable[..., Violation], frozen_clock: Clock) -> Violation:
    row = write("SHP-05", quantity_hundredths=200)
    frozen_clock.move(days=4)
    return row


def test_the_warning_is_not_handed_over_as_the_notice_of_the_report_that_follows(warned: Violation, inspector: Any, owner: Any) -> None:
    documents.write_notice(violation_id=warned.pk)
    client, url = signed_in(inspector), f"/admin/field/{warned.public_id}/"
    assert str(warned.warning_number) in client.get(f"{url}notice/")["Content-Disposition"]
    assert client.post(url, {"step": "report"}).status_code == 302
    page = client.get(url).content.decode()
    assert 'data-field-waits="?notice"' in page, "the warning is all that is written yet"
    assert client.get(f"{url}?notice").json() == {"done": False}
    assert client.get(f"{url}notice/").status_code == 404
    row = Violation.objects.get(pk=warned.pk)
    notices.record_opening(violation=row, person=owner)
    reads, public = signed_in(owner), f"/ar/violations/{row.public_id}/"
    assert str(row.warning_number) not in reads.get(public).content.decode()
    documents.write_notice(violation_id=row.pk)
    assert client.get(f"{url}?notice").json() == {"done": True}
    assert str(row.number) in client.get(f"{url}notice/")["Content-Disposition"]
    assert f"/documents/{row.number}" in reads.get(public).content.decode()


def _take(row: Violation, inspector: Any, slot: str, kind: str, colours: list[str]) -> list[Any]:
    files = [picture(colour) for colour in colours]
    with clock.at(row.received_at):
        return evidence.take(violation=row, sender=inspector, slot=slot, kind=kind, files=files, captured_at=row.seen_at)[1]


def test_what_the_party_signs_at_the_second_visit_has_room_beside_the_signed_warning(warned: Violation, inspector: Any) -> None:
    assert not _take(warned, inspector, "signature", EvidenceKind.SIGNATURE, ["white"])
    client, url = signed_in(inspector), f"/admin/field/{warned.public_id}/"
    client.post(url, {"step": "report"})
    assert client.post(url, {"step": "signed", "signature": picture("black")}).status_code == 302
    assert Service.objects.get(violation=warned).ground == "signed"


def test_the_second_visit_takes_as_many_photos_as_the_first_one(warned: Violation, inspector: Any) -> None:
    colours = ["red", "green", "blue", "white", "black", "gray", "pink", "gold"]
    assert not _take(warned, inspector, "photos", EvidenceKind.OFFENCE, colours)
    again = [picture(colour) for colour in ("brown", "cyan", "navy", "olive", "teal", "lime", "plum", "tan")]
    answer = signed_in(inspector).post(f"/admin/field/{warned.public_id}/", {"step": "report", "photos": again})
    assert answer.status_code == 302, "of one that is refused the report is not written"
    assert warned.visit is not None and warned.visit.evidence.count() == 16


def refuse(row: Violation, inspector: Any) -> None:
    """Refuse the proofs that can be looked at."""
    seen = violation_reports.to_judge(row)
    violation_reports.refuse_correction(violation=row, inspector=inspector, code="still_there", seen=seen)


@pytest.mark.parametrize("arrived", ["checking", "ready"])
def test_a_proof_that_was_on_its_way_when_another_was_refused_is_looked_at_before_a_report(
    write: Callable[..., Violation], inspector: Any, owner: Any, frozen_clock: Clock, arrived: str
) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    uploads.receive(owner=owner, subject=row.key, slot="correction", name="p.jpg", content=picture())
    run_due(("uploads.inspect",))
    uploads.receive(owner=owner, subject=row.key, slot="correction", name="q.jpg", content=picture("black"))
    frozen_clock.move(minutes=1)
    refuse(row, inspector)
    frozen_clock.move(minutes=1)
    if arrived == "ready":
        run_due(("uploads.inspect",))
    frozen_clock.move(days=4)
    with pytest.raises(Refused, match="proof_waits"):
        violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    run_due(("uploads.inspect",))
    frozen_clock.move(minutes=1)
    refuse(row, inspector)
    violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    assert row.state == "ordered"
