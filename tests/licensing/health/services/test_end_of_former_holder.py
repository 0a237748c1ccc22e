"""An unpaid request of a former holder ends once the shop has passed: its bill is cancelled, and the new holder can send their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from licensing import former_holders
from licensing.health import queries, services
from licensing.health.states import CHANGE, DUPLICATE
from licensing.health.transfers import services as transfers
from licensing.models import LicenceTransfer
from municipality.accounts.models import Organisation, User
from municipality.cases import invariants as case_invariants
from municipality.cases.models import Case
from municipality.incidents import relief
from municipality.incidents.models import PortalPart
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.models import Message
from municipality.review import invariants as review_invariants
from municipality.review.models import CorrectionRound, QueueEntry
from municipality.review.services import desk
from payments.models import Allocation, Bill
from payments.services import start_attempt
from shops.claims import services as claims
from shops.models import Claim, RegisteredOwner, Shop
from shops.register.services import transfer
from tests import desk_acts
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, OrganisationFactory, PersonFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.licensing import RenewalCaseFactory

pytestmark = pytest.mark.django_db
Outbox = Callable[..., int]


@pytest.fixture
def noura(db: None) -> User:
    return PersonFactory(noura=True)


def passes(shop: Shop, to: User | Organisation, source: str = "case:claim") -> None:
    transfer(shop=Shop.objects.get(pk=shop.pk), to=to, source=source, actor=system("tests"))


def matches(shop: Shop, person: User) -> None:
    """Somebody claims a shop, and the commercial register names them."""
    number = Shop.objects.get(pk=shop.pk).commercial_license_no
    facts = {"owner_digest": person.civil_id_digest or "", "source": "moci", "as_of": clock.now()}
    RegisteredOwner.objects.create(commercial_license_no=number, **facts)
    claims.claim_by_register(shop=shop, person=person)


def ended(case: Case) -> tuple[str, str]:
    row = Case.objects.select_related("last_event").get(pk=case.pk)
    return row.state, row.last_event.reason if row.last_event is not None else ""


def unmet(shop: Shop) -> list[str]:
    return [condition.code for condition in queries.offer(Shop.objects.get(pk=shop.pk), CHANGE).unmet]


def findings() -> list[str]:
    return [*case_invariants.findings(), *review_invariants.findings()]


@pytest.mark.guards
@pytest.mark.parametrize("step", ["waiting", "drawn", "corrections", "countersign", "awaiting_payment"])
def test_what_was_not_paid_ends_with_its_bill_and_frees_the_licence(
    shop: Shop, owner: User, officer: User, noura: User, outbox: Outbox, step: str
) -> None:
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
    if step == "drawn":
        desk_acts.assigned(officer)
    elif step == "corrections":
        item = desk.CorrectionRequest("area_differs", "area_m2")
        desk.ask_corrections(assignment=desk_acts.checked(desk_acts.assigned(officer)), items=[item])
    elif step == "countersign":
        desk.propose_refusal(assignment=desk_acts.checked(desk_acts.assigned(officer), "no"), code="conditions_not_met")
    elif step == "awaiting_payment":
        desk_acts.approve(officer)
    passes(shop, noura)
    assert unmet(shop) == ["no_open_case"]
    outbox("licensing.end_former")
    assert ended(case) == ("refused", "other_holder") and unmet(shop) == []
    assert [bill.state for bill in Bill.objects.all()] == ["void"] * (step == "awaiting_payment")
    assert QueueEntry.objects.get(case=case).state == "left"
    (told,) = Message.objects.filter(person=owner, kind="licensing.refused_after_payment")
    assert "is no longer met" in told.body_en and "لا رسوم مستحقة" in told.body_ar
    for language, sentence in (("en", "The shop has another holder by now. Nothing is to be paid."), ("ar", "أصبح للمحل مرخص له آخر.")):
        assert sentence in signed_in(owner).get(f"/{language}/cases/{case.public_id}/").content.decode()
    assert RenewalCaseFactory(shop=Shop.objects.get(pk=shop.pk), applicant=noura, changed=["area_m2"], service=CHANGE).is_open
    assert findings() == [] and not CorrectionRound.objects.filter(case__is_open=True).exists()


def test_a_payment_at_the_bank_is_waited_for(shop: Shop, owner: User, noura: User, outbox: Outbox) -> None:
    case, bill = services.submit(shop=shop, applicant=owner, service=DUPLICATE)
    start_attempt(bills=[bill], payer=owner, language="en", session_key="session-1")
    passes(shop, noura)
    outbox("licensing.end_former")
    assert Job.objects.get(kind="licensing.end_former").state == "on_hold" and ended(case)[0] == "awaiting_payment"
    Allocation.objects.update(is_open=False)  # the bank has not taken it
    former_holders.end(case=Case.objects.get(pk=case.pk))
    assert ended(case) == ("refused", "other_holder") and Bill.objects.get(pk=bill.pk).state == "void"


def test_nothing_ends_where_the_shop_came_back(shop: Shop, owner: User, noura: User, outbox: Outbox) -> None:
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
    passes(shop, noura)
    passes(shop, owner, "case:claim:frozen")
    assert outbox("licensing.end_former") == 2 and ended(case)[0] == "in_review"


def test_a_match_with_the_register_ends_nothing_while_the_former_holder_may_dispute(
    shop: Shop, owner: User, noura: User, outbox: Outbox, frozen_clock: Any
) -> None:
    """The shop comes back with a dispute: by then the request would have been refused (the control, in the end)."""
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
    matches(shop, noura)
    assert outbox("licensing.end_former") == 0 and ended(case)[0] == "in_review"
    until = Claim.objects.get().dispute_until
    assert until is not None and Job.objects.get(kind="licensing.end_former").due_at == clock.end_of(until)
    frozen_clock.set(clock.end_of(until) + dt.timedelta(minutes=1))
    assert claims.settle_due() == 1
    assert outbox("licensing.end_former") == 1 and ended(case) == ("refused", "other_holder")


def test_a_request_does_not_end_in_days_to_dispute_that_an_outage_gave(
    shop: Shop, owner: User, noura: User, outbox: Outbox, frozen_clock: Any
) -> None:
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
    matches(shop, noura)
    before = Claim.objects.get().dispute_until
    assert before is not None
    frozen_clock.set(clock.start_of(before) + dt.timedelta(hours=8))
    incident = IncidentFactory(part=PortalPart.SIGN_IN, started_at=clock.now(), ended_at=clock.now() + dt.timedelta(hours=5))
    frozen_clock.set(incident.ended_at)
    relief.relieve(incident.pk)
    frozen_clock.set(clock.end_of(before))
    outbox("licensing.end_former")
    assert Job.objects.get(kind="licensing.end_former").state == "on_hold" and ended(case)[0] == "in_review"
    frozen_clock.move(hours=9)
    claims.dispute(claim=Claim.objects.get(), person=owner, text="It is mine.")
    outbox("licensing.end_former")
    assert ended(case)[0] == "in_review", "the shop came back, and its request is still there"


def test_a_transfer_of_the_former_holder_ends_and_both_sides_are_told(shop: Shop, owner: User, noura: User, outbox: Outbox) -> None:
    case = transfers.agree(transfer=transfers.ask(shop=shop, person=owner, number=NOURA), user=noura)
    passes(shop, OrganisationFactory())
    outbox("licensing.end_former")
    assert ended(case) == ("refused", "other_holder") and unmet(shop) == []
    assert transfers.end_due() == 1 and LicenceTransfer.objects.get().told_at is not None
    assert Message.objects.filter(person=noura, kind="licensing.refused_after_payment").exists()
    assert Message.objects.filter(person=owner, kind="licensing.transfer_ended").exists()


def test_the_request_of_a_transfer_does_not_end_with_its_own_issue(
    shop: Shop, owner: User, noura: User, officer: User, pay_and_issue: Any, outbox: Outbox
) -> None:
    case = transfers.agree(transfer=transfers.ask(shop=shop, person=owner, number=NOURA), user=noura)
    desk_acts.approve(officer)
    pay_and_issue(case)
    assert ended(case)[0] == "issued" and not Job.objects.filter(kind="licensing.end_former").exists()
