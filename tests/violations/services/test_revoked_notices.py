"""The sealed notice of a violation that ended without an offence is in force no more, and none is issued of it afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from municipality.documents import seal
from municipality.documents.models import Document
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.factories.violations import ObjectionFactory
from tests.violations.conftest import decide
from violations import invariants, queries
from violations.models import Violation
from violations.services import court, documents, notices, relief, terms, violation_reports, writer_annulments

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sealed(tmp_path: Path, settings: Any) -> None:
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)


@pytest.fixture
def two(rules: None) -> tuple[Any, Any]:
    return tuple(StaffFactory(groups=["violation_clerk", "violation_authority", "court_clerk"], login=login) for login in ("one", "two"))


def fresh(row: Violation) -> Violation:
    return Violation.objects.get(pk=row.pk)


def annul(row: Violation, two: tuple[Any, Any]) -> None:
    code = relief.office_reasons(rulebook.edition(queries.REPLIES, clock.today()))[0].code
    asked = relief.ask_annulment(violation=row, code=code, note_ar="خطأ", asked_by=two[0])
    relief.allow_annulment(annulment=asked, allowed_by=two[1])


def annul_by_writer(row: Violation, inspector: Any) -> None:
    code = rulebook.edition(queries.REPLIES, clock.today()).reasons_of(writer_annulments.KIND)[0].code
    writer_annulments.annul(violation=row, inspector=inspector, code=code, note_ar="محل آخر")


def acquit(row: Violation, two: tuple[Any, Any], frozen_clock: Clock) -> None:
    frozen_clock.move(days=31)
    terms.lapse_due()
    court.refer(clerk=two[0])
    ruling = court.enter_judgment(violation=fresh(row), ruling_no="1/2027", ruled_on=clock.today(), fils=None, clerk=two[0])
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=two[1], ruling_no="1/2027", fils=None)


@pytest.mark.parametrize("way", ["annulled", "by its writer", "upheld", "acquitted", "corrected"])
def test_a_notice_is_revoked_when_no_offence_is_left(
    write: Callable[..., Violation],
    owner: Any,
    inspector: Any,
    two: tuple[Any, Any],
    decider: Callable[..., Any],
    frozen_clock: Clock,
    way: str,
) -> None:
    row = write("SHP-04" if way == "corrected" else "CLN-03")
    documents.write_notice(violation_id=row.pk)
    paper, english = Document.objects.get(), Client(HTTP_ACCEPT_LANGUAGE="en")
    assert "This document is valid today." in english.get(f"/verify/{paper.code}").content.decode()
    if way != "corrected":
        notices.record_opening(violation=row, person=owner)
    match way:
        case "annulled":
            annul(fresh(row), two)
        case "by its writer":
            annul_by_writer(fresh(row), inspector)
        case "upheld":
            decide(ObjectionFactory(violation=fresh(row), person=owner), decider, uphold=True)
        case "acquitted":
            acquit(fresh(row), two, frozen_clock)
        case _:
            violation_reports.accept_correction(violation=fresh(row), inspector=inspector)
    page = english.get(f"/verify/{paper.code}").content.decode()
    assert "This document was revoked and is no longer in force." in page
    assert list(invariants.findings()) == []
    assert Document.objects.get(pk=paper.pk).state == "revoked"


def test_no_notice_is_issued_of_a_report_that_was_annulled_before(write: Callable[..., Violation], two: tuple[Any, Any]) -> None:
    row = write("CLN-03")
    annul(fresh(row), two)
    documents.write_notice(violation_id=row.pk)
    assert fresh(row).notice is None and not Document.objects.filter(state="active").exists()


def test_a_notice_that_is_kept_in_force_is_found(
    write: Callable[..., Violation], two: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = write("CLN-03")
    documents.write_notice(violation_id=row.pk)
    monkeypatch.setattr(documents, "revoke_notice", lambda *_args, **_facts: None)
    with clock.at(clock.now() + dt.timedelta(hours=1)):
        annul(fresh(row), two)
    assert any("is in force, which is annulled" in finding for finding in invariants.findings())
