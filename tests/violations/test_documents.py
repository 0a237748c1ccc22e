"""The papers of a violation: what they say in both languages, and the seal on them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import Signatory
from municipality.cases.models import Case
from municipality.documents import seal, store
from municipality.documents.models import Document
from municipality.documents.verification import check
from municipality.kernel import clock
from municipality.review.models import Assignment
from municipality.review.services import desk
from tests import desk_acts, poppler
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import OrganisationFactory, StaffFactory
from tests.killed_issue import assert_ends_as_undisturbed
from tests.violations.conftest import pay
from violations import documents as papers
from violations.models import Objection, Violation
from violations.services import documents, notices, objections, violation_reports

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sealed(tmp_path: Path, settings: Any) -> None:
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)


def read(document: Document | None) -> str:
    """The text of a paper on one line, once its seal is found good and its page to be one."""
    assert document is not None and document.file is not None and document.state == "active"
    content = store.read(document.file)
    verdict = check(content, root_pem=seal.root_pem(Path(settings.SIGNER_KEY_FILE)))
    assert verdict.accepted and verdict.covers_whole_file
    assert b"Pages:           1" in poppler.run("pdfinfo", "-", pdf=content)
    return " ".join(poppler.text(content).split())


def notice(row: Violation) -> Document | None:
    documents.write_notice(violation_id=row.pk)
    return Violation.objects.select_related("notice__file").get(pk=row.pk).notice


def test_a_warning_says_by_when_and_that_nothing_is_due(write: Callable[..., Violation]) -> None:
    row = write("SHP-04", quantity_hundredths=350)
    text = read(notice(row))
    assert row.warning_number in text and "Nothing is due now" in text and "3.50 m²" in text
    assert "Put right by" in text and "Settlement" not in text
    assert "تاريخ الإصدار" in text and "صدرت في" not in text, "a warning, a minute and a licence are masculine in Arabic"


def test_a_report_takes_the_place_of_its_warning_and_says_how_the_sum_came_about(
    write: Callable[..., Violation], inspector: Any, frozen_clock: Clock
) -> None:
    row = write("SHP-04", quantity_hundredths=350)
    warning = notice(row)
    frozen_clock.move(days=2)
    violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    text = read(notice(row))
    assert "KD 5.000 × 3.50 m²" in text and "KD 17.500" in text
    assert "within 14 days of receiving the notice" in text and "another branch decides" in text
    assert warning is not None and Document.objects.get(pk=warning.pk).state == "superseded"


def test_no_paper_of_a_violation_names_the_inspector_or_a_civil_number(write: Callable[..., Violation], owner: Any) -> None:
    row = write("CLN-03")
    text = read(notice(row))
    assert row.inspector.badge_no in text
    for secret in (row.inspector.user.name_ar, row.inspector.user.name_en, owner.last_four, owner.name_en):
        assert secret not in text


def studied(write: Callable[..., Violation], owner: Any, decider: Callable[..., Any]) -> Assignment:
    """An objection to a notice on the desk of who decides it, its questions answered in favour of the party."""
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    objection = objections.file(violation=row, person=owner, ground="facts_wrong", words="لم تكن الأكياس لنا")
    assignment = desk_acts.assigned(decider(objection.case.branch_id))
    for code in ("read_both", "report_falls"):
        desk.check_all(assignment=assignment, answers={code: "yes"})
    return assignment


@pytest.mark.parametrize("uphold", [True, False], ids=["upheld", "refused"])
def test_the_decision_about_an_objection_gives_reasons_and_the_way_to_the_court(
    uphold: bool, write: Callable[..., Violation], owner: Any, decider: Callable[..., Any]
) -> None:
    assignment = studied(write, owner, decider)
    objection = Objection.objects.select_related("case", "violation").get(case=assignment.place.case_id)
    if uphold:
        desk.accept(assignment=assignment)
    else:
        decision = desk.propose_refusal(assignment=desk_acts.checked(assignment), code="facts_proved")
        desk.sign(
            decision=decision,
            supervisor=StaffFactory(groups=["supervisor"], login="signs", branch=assignment.officer.branch),
            answers=desk_acts.ALL_YES,
        )
    documents.write_decision(case_id=objection.case_id)
    objection.refresh_from_db()
    text = read(objection.decision)
    assert objection.case.reference in text and objection.violation.reference in text
    assert "Applicant" in text and owner.name_en in text
    assert ("upheld and the violation annulled" in text) is uphold
    assert ("To the court by" in text and "stays open until" in text) is not uphold
    assert not Case.objects.get(pk=objection.case_id).is_open


def test_a_clearance_certificate_says_for_whom_and_when(write: Callable[..., Violation], owner: Any, shop: Any) -> None:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    pay(row, owner)
    text = read(documents.clearance(person=owner, shop=shop))
    assert "Nothing is owed for municipal violations" in text and shop.name_en in text
    assert "It proves how things stood" in text


def test_certificates_are_made_only_so_often(owner: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is drawn and sealed by the web server itself: whoever asks without end would keep all others waiting."""
    monkeypatch.setattr(documents, "CLEARANCE_LIMIT", AttemptLimit("clearance", 1, 3600))
    browser = signed_in(owner)
    assert browser.post("/en/violations/clearance/make/").status_code == 302
    answer = browser.post("/en/violations/clearance/make/")
    assert answer.status_code == 429
    assert "Please try again in an hour" in answer.content.decode()
    assert Document.objects.filter(kind="violations.clearance").count() == 1
    assert signed_in(stranger).post("/en/violations/clearance/make/").status_code == 302


def test_whoever_signs_for_the_organisation_opens_what_its_page_links_to(
    write: Callable[..., Violation], make_shop: Any, owner: Any, stranger: Any, inspector: Any
) -> None:
    company = OrganisationFactory()
    for who in (owner, stranger):
        Signatory.objects.create(organisation=company, person=who, first_day=clock.today())
    row = write("CLN-03", shop=make_shop(owner=None, organisation=company))
    paper = notice(row)
    assert paper is not None
    notices.record_opening(violation=row, person=owner)
    objections.file(violation=Violation.objects.get(pk=row.pk), person=owner, ground="facts_wrong", words="لم تكن الأكياس للمحل")
    for who in (owner, stranger):
        client = signed_in(who)
        page = client.get(f"/en/violations/{row.public_id}/").content.decode()
        links = re.findall(r'href="(/documents/[^"]+|/en/cases/[^"]+/)"', page)
        assert f"/documents/{paper.number}.pdf" in links and len(links) == 2
        assert [client.get(link).status_code for link in links] == [200] * len(links)
    Signatory.objects.filter(person=stranger).update(first_day=dt.date(2020, 1, 1), last_day=clock.today() - dt.timedelta(days=1))
    assert signed_in(stranger).get(f"/documents/{paper.number}.pdf").status_code == 404


@pytest.mark.parametrize(("offence", "facts"), [("SHP-04", papers.WarningFacts), ("CLN-03", papers.NoticeFacts)])
def test_a_worker_that_dies_leaves_one_notice(write: Callable[..., Violation], offence: str, facts: Any) -> None:
    row = write(offence, **({"quantity_hundredths": 350} if offence == "SHP-04" else {}))
    assert_ends_as_undisturbed(lambda: documents.write_notice(violation_id=row.pk), facts)


def test_a_worker_that_dies_leaves_one_decision(write: Callable[..., Violation], owner: Any, decider: Callable[..., Any]) -> None:
    assignment = studied(write, owner, decider)
    objection = Objection.objects.select_related("case", "violation").get(case=assignment.place.case_id)
    desk.accept(assignment=assignment)
    assert_ends_as_undisturbed(lambda: documents.write_decision(case_id=objection.case_id), papers.DecisionFacts)


def test_after_an_annulment_a_paper_is_taken_back_only_where_there_may_be_one(inspector: Any, write: Callable[..., Violation]) -> None:
    client, told = signed_in(inspector), {}
    for name, signed in (("none", "absent"), ("written", "absent"), ("signed", "signed")):
        row = write("CLN-03", shop=None, block="4", street=str(len(told)), place_note=f"الرصيف {name}", signed=signed)
        if name == "written":
            notice(row)
        words = {"step": "annul", "code": "writer_written_twice", "words": "المكان"}
        page = client.post(f"/admin/field/{row.public_id}/", words, follow=True).content.decode()
        told[name] = page.partition(f"أُلغي {row.reference}")[2].partition("</li>")[0]
    assert all("لا تستطيع البوابة إبلاغ المخالف" in text for text in told.values())
    assert "ورقة" not in told["none"]
    assert "إن سُلّمت ورقة فتُسترد" in told["written"] and "تُسترد الورقة الموقعة" in told["signed"]
