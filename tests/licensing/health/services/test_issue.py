"""From the bank's certainty to the sealed licence, any number of times, at any point of failure."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.translation import override
from stdnum.iso7064 import mod_37_36

from licensing.health import outcomes, services, shop_lines
from licensing.health.documents import HealthLicenceFacts, RenewalRefusalFacts
from licensing.models import HealthLicence, Renewal
from licensing.payment_results import after_reversal
from municipality.audit.models import AuditEvent
from municipality.cases.models import Case
from municipality.documents import seal, signing, store
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.signing import SignerMissing
from municipality.documents.verification import check
from municipality.jobs import services as jobs
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from payments import queries as payments
from shops.models import SearchEntry
from shops.search.queries import SearchQuery, search_shops
from tests import desk_acts
from tests.conftest import TODAY
from tests.factories.accounts import StaffFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory
from tests.killed_issue import assert_ends_as_undisturbed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sealed() -> None:
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)


@pytest.fixture
def paid(make_shop: Any, owner: Any) -> Case:
    """A case whose money is certain."""
    case = services.submit_renewal(shop=make_shop(), applicant=owner)
    services.take_payment(case=case)
    return Case.objects.get(pk=case.pk)


def issue(case: Case) -> Document:
    services.issue_renewal(case=Case.objects.get(pk=case.pk))
    renewal = Renewal.objects.select_related("new_licence__document__file").get(case=case)
    assert renewal.new_licence is not None
    return renewal.new_licence.document


@pytest.mark.guards
def test_a_paid_renewal_is_approved_by_the_rule_and_no_staff_appears(paid: Case) -> None:
    assert paid.state == "approved"
    assert {e.actor_role for e in paid.events.all()} == {"applicant", "system"}
    assert Job.objects.filter(kind="licensing.issue_renewal", key=paid.public_id).count() == 1


def test_the_licence_is_sealed_numbered_and_says_the_truth(paid: Case) -> None:
    document = issue(paid)
    assert document.file is not None
    content = store.read(document.file)
    verdict = check(content, root_pem=seal.root_pem(Path(settings.SIGNER_KEY_FILE)))
    assert verdict.intact and verdict.trusted and verdict.covers_whole_file
    assert mod_37_36.is_valid(document.number.replace("-", "")) and document.number.startswith("HLT-HA-2026-")
    assert [edition["version"] for edition in document.facts["editions"]] == [stamp.split()[1] for stamp in paid.editions]
    assert document.valid_from == TODAY + dt.timedelta(days=21)
    assert document.live_state == "not_yet"
    paid.refresh_from_db()
    assert paid.state == "issued" and not paid.is_open
    told = Message.objects.get(kind="licensing.renewal_issued")
    assert [row.channel for row in told.deliveries.all()] == ["sms"], "the payment sends the e-mail"


def test_no_civil_number_is_in_the_licence_or_its_facts(paid: Case, owner: Any) -> None:
    document = issue(paid)
    told = f"{document.facts} {document.public_facts}"
    assert owner.civil_id_masked not in told and "290010100013" not in told
    assert document.file is not None and b"290010100013" not in store.read(document.file)
    assert owner.name_ar not in str(document.public_facts)


def test_a_second_run_issues_nothing_more(paid: Case) -> None:
    first = issue(paid)
    services.issue_renewal(case=Case.objects.get(pk=paid.pk))
    assert Document.objects.filter(kind="health_licence", subject=paid.key).count() == 1
    assert HealthLicence.objects.filter(document=first).count() == 1
    assert Message.objects.filter(kind="licensing.renewal_issued").count() == 1


def test_a_try_that_died_after_the_number_uses_the_same_number_again(paid: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    class Died(BaseException):
        pass

    def die(facts: Any, document: Document) -> bytes:
        raise Died

    with monkeypatch.context() as broken:
        broken.setattr(documents, "render_and_seal", die)
        with pytest.raises(Died):
            services.issue_renewal(case=paid)
    drafted = Document.objects.get(kind="health_licence", subject=paid.key)
    assert drafted.state == "draft" and paid.state == "approved"
    assert issue(paid).number == drafted.number


def test_without_a_seal_nothing_is_issued_and_the_job_waits_without_a_try(paid: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise SignerMissing("no key")

    monkeypatch.setattr(signing, "signer", missing)
    job = Job.objects.get(kind="licensing.issue_renewal")
    with clock.at(clock.now() + dt.timedelta(seconds=1)):
        assert jobs.run(job.pk)
    job.refresh_from_db()
    paid.refresh_from_db()
    assert job.state == JobState.ON_HOLD and job.tries == 0
    assert paid.state == "approved"


def test_the_old_paper_stays_valid_to_its_last_day_and_is_superseded_on_the_next(paid: Case) -> None:
    new = issue(paid)
    licence = HealthLicence.objects.select_related("previous__document").get(document=new)
    assert licence.previous is not None
    old = licence.previous.document
    assert old.live_state == "valid"
    for number in (old.number, new.number):  # both may hang on the wall
        assert [hit.shop_id for hit in search_shops(SearchQuery(text=number)).hits] == [licence.shop_id]
    job = Job.objects.get(kind="licensing.supersede")
    assert clock.day_of(job.due_at) == licence.first_day
    with clock.at(job.due_at + dt.timedelta(seconds=1)):
        assert jobs.run(job.pk)
        old.refresh_from_db()
        new.refresh_from_db()
        assert (old.live_state, new.live_state) == ("superseded", "valid")
        assert old.replaced_by == new


def test_a_late_void_suspends_the_licence_and_tells_the_owner_once(paid: Case) -> None:
    document = issue(paid)
    services.hold_licence(case=paid)
    services.hold_licence(case=paid)
    document.refresh_from_db()
    assert document.live_state == "suspended"
    told = Message.objects.get(kind="licensing.licence_held")
    assert "The licence before it stays in force until 14 December 2026" in told.body_en
    shop = HealthLicence.objects.select_related("shop").get(document=document).shop
    with override("en"):
        (line,) = shop_lines.my_shops(paid.applicant, [shop])[shop.key]
    assert "in force until" in str(line.note) and SearchEntry.objects.get(pk=shop.pk).licence == "active"
    assert AuditEvent.objects.filter(action="document.suspended").count() == 1


@pytest.mark.parametrize("ended", ["revoked", "superseded", "suspended"])
def test_a_late_void_of_a_licence_that_it_cannot_suspend_is_told_once_too(paid: Case, ended: str) -> None:
    """It has ended, was replaced, or is suspended for another reason: the amount is due again, and paying it brings nothing back."""
    document, old = issue(paid), HealthLicence.objects.select_related("document").get(next__document__subject=paid.key).document
    if ended == "superseded":
        documents.supersede(document, by=old, actor=system("tests"))
    else:
        {"revoked": documents.revoke, "suspended": documents.suspend}[ended](document, reason="inspection", actor=system("tests"))
    services.hold_licence(case=paid)
    services.hold_licence(case=paid)
    document.refresh_from_db()
    assert document.state == ended
    told = Message.objects.get(kind="licensing.licence_held", person=paid.applicant)
    assert "due again" in told.body_en and "is suspended" not in f"{told.title_en} {told.body_en} {told.short_en}"
    assert "مستحق من جديد" in told.body_ar and "أُوقف" not in f"{told.title_ar} {told.body_ar} {told.short_ar}"
    with override("en"):
        assert ("due again" in str(after_reversal(document))) is (ended != "suspended")


def test_paying_again_after_a_void_puts_the_licence_back_in_force(paid: Case) -> None:
    document = issue(paid)
    services.hold_licence(case=paid)
    services.take_payment(case=Case.objects.get(pk=paid.pk))
    document.refresh_from_db()
    assert document.live_state == "not_yet"


def test_paying_does_not_lift_a_suspension_of_another_kind(paid: Case) -> None:
    document = issue(paid)
    documents.suspend(document, reason="inspection", actor=system("tests"))
    services.take_payment(case=Case.objects.get(pk=paid.pk))
    document.refresh_from_db()
    assert document.live_state == "suspended"


def test_a_void_before_the_licence_exists_stops_its_issue(paid: Case) -> None:
    services.hold_licence(case=paid)
    services.issue_renewal(case=Case.objects.get(pk=paid.pk))
    paid.refresh_from_db()
    assert paid.state == "refused" and not paid.is_open
    assert not HealthLicence.objects.filter(renewed_by__case=paid).exists()


def test_money_for_a_closed_case_is_refused_so_that_it_can_be_owed_back(make_shop: Any, owner: Any) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)
    services.withdraw_renewal(case=case, person=owner)
    with pytest.raises(Refused) as refused, transaction.atomic():
        services.take_payment(case=Case.objects.get(pk=case.pk))
    assert refused.value.code == "case_closed"


@pytest.mark.guards
def test_a_document_cannot_be_changed_after_it_is_issued(paid: Case) -> None:
    document = issue(paid)
    for change in ({"number": "X"}, {"valid_to": TODAY}, {"facts": {}}, {"file": None}):
        with pytest.raises(DatabaseError, match=r"guard:|constraint|NOT NULL|violates"), transaction.atomic():
            Document.objects.filter(pk=document.pk).update(**change)
    with pytest.raises(DatabaseError, match="guard:"), transaction.atomic():
        Document.objects.filter(pk=document.pk).update(state="revoked")


def test_revoking_needs_a_reason_and_shows_at_once(paid: Case) -> None:
    document = issue(paid)
    with pytest.raises(Refused):
        documents.revoke(document, reason="", actor=system("tests"))
    documents.revoke(document, reason="court_order", actor=system("tests"))
    found = documents.look_up(document.code)
    assert found is not None and found.live_state == "revoked"


def test_the_result_page_shows_the_steps_and_then_the_licence(paid: Case) -> None:
    bill = payments.bill_of(paid.key)
    assert bill is not None
    with override("en"):
        before = outcomes.outcome(bill)
        assert before is not None and not before.is_done and before.reference == paid.reference and before.act is None
        assert [step.state for step in before.steps] == ["done", "now", "next"]
        document = issue(paid)
        after = outcomes.outcome(bill)
        assert after is not None and after.is_done and after.title == "Health licence renewed"
        assert after.act is not None and after.act[1] == f"/documents/{document.number}.pdf"
        assert after.link is not None and after.link[1].endswith(f"/verify/{document.code}") and after.reference == document.number
        documents.suspend(document, reason="layout_changed", actor=system("licensing"))
        assert outcomes.outcome(bill) is None, "a licence that is not in force is not called renewed"


@pytest.mark.guards
def test_a_worker_that_dies_leaves_one_licence(paid: Case) -> None:
    assert_ends_as_undisturbed(lambda: services.issue_renewal(case=Case.objects.get(pk=paid.pk)), HealthLicenceFacts)


def test_a_worker_that_dies_leaves_one_refusal(make_shop: Any, owner: Any) -> None:
    RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    case = desk_acts.refuse(OfficerFactory(), StaffFactory(supervisor=True))
    assert_ends_as_undisturbed(lambda: services.write_refusal(case=case), RenewalRefusalFacts)
