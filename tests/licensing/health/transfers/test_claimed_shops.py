"""While a claim to a shop is open, its licence is neither transferred nor cancelled: it may have to go back."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.health import queries, services
from licensing.health.states import CANCEL, CHANGE, DUPLICATE, TRANSFER
from licensing.health.transfers import services as transfers
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.review.models import Decision
from municipality.review.services import desk
from municipality.ui.dates import day_text
from payments.models import RefundDue
from shops.claims import review
from shops.claims import services as claims
from shops.models import Claim, RegisteredOwner, Shop
from shops.register.services import transfer
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import NOURA, PersonFactory
from tests.factories.claims import ClaimCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
OTHER = "290010100046"


@pytest.fixture
def noura(db: None) -> User:
    return PersonFactory(noura=True)


def matched(shop: Shop, person: User) -> Case:
    """A claim that the commercial register grants at once."""
    RegisteredOwner.objects.create(
        commercial_license_no=shop.commercial_license_no, owner_digest=person.civil_id_digest or "", source="moci", as_of=clock.now()
    )
    return claims.claim_by_register(shop=shop, person=person)


def unmet(shop: Shop, service: str) -> list[str]:
    return [condition.code for condition in queries.offer(shop, service).unmet]


@pytest.mark.guards
def test_the_new_holder_by_a_match_waits_for_the_days_of_the_dispute(
    shop: Shop, owner: User, noura: User, frozen_clock: Clock, settings: Any
) -> None:
    matched(shop, noura)
    shop.refresh_from_db()
    assert shop.owner == noura
    with pytest.raises(Refused, match="not_claimed"):
        transfers.ask(shop=shop, person=noura, number=OTHER)
    with pytest.raises(Refused, match="not_claimed"):
        services.cancel_licence(shop=shop, person=noura)
    assert [unmet(shop, service) for service in (CHANGE, DUPLICATE)] == [[], []]
    page = f"health-licence/{shop.public_id}/cancel/"
    assert "It can be disputed until 8 December 2026." in signed_in(noura).get(f"/en/{page}").content.decode()
    assert "توجد مطالبة مفتوحة بهذا المحل" in signed_in(noura).get(f"/ar/{page}").content.decode()
    until = Claim.objects.get().dispute_until
    assert until is not None
    frozen_clock.move(days=(until - clock.today()).days)
    assert claims.settle_due() == 0 and unmet(shop, CANCEL) == ["not_claimed"]
    frozen_clock.move(days=1)
    assert claims.settle_due() == 1 and unmet(shop, CANCEL) == unmet(shop, TRANSFER) == []


def test_the_holder_waits_for_the_decision_about_a_claim_by_documents(shop: Shop, owner: User, noura: User) -> None:
    case = ClaimCaseFactory(shop=shop, applicant=noura)
    for attempt in (
        lambda: transfers.ask(shop=shop, person=owner, number=OTHER),
        lambda: services.cancel_licence(shop=shop, person=owner),
    ):
        with pytest.raises(Refused, match="not_claimed"):
            attempt()
    page = signed_in(owner).get(f"/en/health-licence/{shop.public_id}/transfer/").content.decode()
    assert "The Municipality decides whose the shop is." in page
    claims.withdraw(case=case, person=noura)
    assert unmet(shop, CANCEL) == unmet(shop, TRANSFER) == []


@pytest.mark.parametrize("is_disputed", [True, False])
def test_a_dispute_before_the_payment_refuses_the_transfer_and_mere_papers_do_not(
    shop: Shop, owner: User, noura: User, officer: User, monkeypatch: pytest.MonkeyPatch, frozen_clock: Clock, is_disputed: bool
) -> None:
    case = transfers.agree(transfer=transfers.ask(shop=shop, person=owner, number=NOURA), user=noura)
    desk_acts.approve(officer)
    frozen_clock.move(minutes=5)
    ClaimCaseFactory(shop=shop, applicant=PersonFactory(civil_id=OTHER))
    if is_disputed:
        claims.dispute(claim=Claim.objects.get(), person=owner, text="The shop is mine.")
    owed: list[str] = []
    monkeypatch.setattr("licensing.health.services.issue.owe_back", lambda *, reason, **_facts: owed.append(reason))
    services.take_payment(case=Case.objects.get(pk=case.pk))
    case.refresh_from_db()
    shop.refresh_from_db()
    assert (case.state, owed) == (("refused", ["blocked"]) if is_disputed else ("approved", []))
    assert shop.owner == owner and not RefundDue.objects.exists()


@pytest.mark.parametrize("is_proposed", [True, False])
def test_the_new_holder_is_told_of_a_claim_by_documents_and_has_days_of_their_own(
    shop: Shop, owner: User, noura: User, frozen_clock: Clock, settings: Any, tmp_path: Any, is_proposed: bool
) -> None:
    settings.VAR_DIR = tmp_path
    claimant = PersonFactory(civil_id=OTHER)
    case = ClaimCaseFactory(shop=shop, applicant=claimant)
    assignment = desk_acts.checked(desk_acts.assigned(OfficerFactory(skills=["health", "claims"])))
    until = Claim.objects.get().dispute_until
    assert until is not None
    frozen_clock.move(days=(until - clock.today()).days + 1)  # over for the holder who was told
    if is_proposed:
        desk.accept(assignment=assignment)
    transfer(shop=shop, to=noura, source="tests", actor=system("tests"))
    claim = Claim.objects.get()
    assert claim.holder == noura and claim.dispute_until is not None and claim.dispute_until > clock.today()
    assert Message.objects.get(person=noura).kind == "shops.shop_claimed"
    shown = {item.name: str(item.value) for item in review.items(Case.objects.get(pk=case.pk))}
    assert shown["holder"] in (noura.name_ar, noura.name_en) and shown["told"].startswith(day_text(clock.today()))
    if is_proposed:
        assert Decision.objects.get().voided_at is not None and Case.objects.get(pk=case.pk).state == "in_review"
        assignment = desk_acts.checked(desk_acts.assigned(assignment.officer))
    with pytest.raises(Refused, match="holder_not_heard"):
        desk.accept(assignment=assignment)
    page = signed_in(noura).get("/en/my-shops/").content.decode()
    assert "Somebody claims a shop of yours" in page
    claims.dispute(claim=claim, person=noura, text="I bought it.")
    Shop.objects.update(owner=owner)  # by no way that is known
    with pytest.raises(Refused, match="holder_changed"):
        desk.accept(assignment=assignment)
    assert Shop.objects.get().owner == owner


def test_the_new_holder_can_answer_while_the_claimant_corrects(shop: Shop, owner: User, noura: User, settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    case = ClaimCaseFactory(shop=shop, applicant=PersonFactory(civil_id=OTHER))
    assignment = desk_acts.assigned(OfficerFactory(skills=["health", "claims"]))
    desk.ask_corrections(assignment=assignment, items=[desk.CorrectionRequest("file_unreadable", "ownership", "", "")])
    transfer(shop=shop, to=noura, source="tests", actor=system("tests"))
    claims.dispute(claim=Claim.objects.get(), person=noura, text="I bought it.")
    assert Claim.objects.get().disputed_by == noura and Case.objects.get(pk=case.pk).state == "corrections"
