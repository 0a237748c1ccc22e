"""Rows of people who act for others: a delegate in force, one revoked, an offer, and an employee with a code."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from licensing.health.states import RENEWAL
from municipality.accounts import civil_ids
from municipality.accounts.models import Signatory, User
from municipality.cases.models import Case, CaseEvent
from municipality.delegation.models import Consent, Delegation
from municipality.delegation.services import consents, delegations
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.review.models import Decision
from shops.claims import services as claims
from shops.models import Claim, RegisteredOwner, Shop
from tests.factories.accounts import NOURA, SALIM, PersonFactory, StaffFactory
from tests.factories.claims import ClaimCaseFactory

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample

# Synthetic numbers with their check digits.
DELEGATE, FORMER, OFFERED, BOSS = "290010100046", "290010100054", "290010100062", "290010100070"


@dataclass
class DelegationRows:
    delegate: User
    former_delegate: User
    offered: User
    boss: User  # signs for the organisation
    counter: User  # acts for the owner now
    delegation: Delegation
    revoked: Delegation
    offer: Delegation
    consent: Consent
    claim: Case  # by documents, of the owner's plain shop
    claiming: Draft  # still being filled in
    matched: Shop  # of which the register names the stranger
    waiting: Consent  # whose code is still to be entered


def fill(sample: Sample) -> DelegationRows:
    delegate = PersonFactory(civil_id=DELEGATE, name_ar="نواف الهاجري", name_en="Nawaf Al-Hajri")
    former = PersonFactory(civil_id=FORMER, name_ar="مريم الدوسري", name_en="Maryam Al-Dosari")
    offered = PersonFactory(civil_id=OFFERED, name_ar="عادل الراشد", name_en="Adel Al-Rashed")
    boss = PersonFactory(civil_id=BOSS, name_ar="سارة المطوع", name_en="Sara Al-Mutawa")
    Signatory.objects.create(organisation=sample.organisation, person=boss, first_day=clock.today())
    owner = sample.owner
    subjects = (owner.shop.key, owner.waiting.subject, owner.issued.subject)
    given = [_let(owner.person, delegate, DELEGATE, subject) for subject in subjects]
    offer = delegations.give(giver=owner.person, number=OFFERED, subject=owner.shop.key, service=RENEWAL, last_day=_until())
    over = [_let(owner.person, former, FORMER, subject) for subject in subjects]
    for row in over:
        delegations.end(delegation=row, person=owner.person)
    # Whose code is still waited for first: asking again closes what was asked before.
    second = _counter("counter2")
    consents.request_code(staff=second, number=NOURA, purpose=RENEWAL, desk="call")  # closed by the next question
    waiting = consents.request_code(staff=second, number=NOURA, purpose=RENEWAL, desk="call")
    first = _counter("counter")
    consent = consents.request_code(staff=first, number=SALIM, purpose=RENEWAL, desk="counter")
    consents.enter_code(consent=consent, staff=first, typed=civil_ids.decrypt(consent.code_cipher, "consent"))
    fields: dict[str, Any] = {"delegate": delegate, "former_delegate": former, "offered": offered, "boss": boss, "counter": first}
    fields |= {"delegation": given[0], "revoked": over[-1], "offer": offer, "waiting": waiting}
    return DelegationRows(consent=Consent.objects.get(pk=consent.pk), **fields, **_claims(sample, offered))


def _claims(sample: Sample, claimant: User) -> dict[str, Any]:
    from tests.architecture.sample_data import shop_of

    mine, named, another, frozen = (shop_of(sample.owner.person, number, ends_in=None) for number in (931, 932, 933, 934))
    RegisteredOwner.objects.create(
        commercial_license_no=named.commercial_license_no,
        owner_digest=claimant.civil_id_digest or "",
        source="moci",
        as_of=clock.now(),
    )
    disputed, sent = (ClaimCaseFactory(shop=shop, applicant=claimant) for shop in (frozen, mine))
    claims.dispute(claim=Claim.objects.get(case=disputed), person=sample.owner.person, text="لم أبعه")
    return {"claim": sent, "claiming": claims.begin(shop=another, person=claimant), "matched": named}


def _until() -> dt.date:
    return clock.today() + dt.timedelta(days=60)


def _let(giver: User, delegate: User, number: str, subject: str) -> Delegation:
    row = delegations.give(giver=giver, number=number, subject=subject, service=RENEWAL, last_day=_until())
    return delegations.accept(delegation=row, person=delegate)


def _counter(login: str) -> User:
    return StaffFactory(name_ar="غدير المرساة", name_en="Ghadeer Al-Marsat", groups=["counter"], login=login, branch_id="HA")


def fresh(sample: Sample) -> Delegation:
    """An offer to somebody who has no account yet."""
    return Delegation.objects.create(
        giver=sample.owner.person,
        delegate=sample.grants.delegate,
        delegate_digest=sample.grants.delegate.civil_id_digest,
        delegate_masked="2900••••0046",
        subject="shop:walked",
        service=RENEWAL,
        first_day=clock.today(),
        last_day=_until(),
        offered_at=clock.now(),
        answer_by=_until(),
    )


def fresh_claim(sample: Sample) -> Case:
    """A case of a claim in its first state."""
    like = Case.objects.get(pk=sample.grants.claim.pk)
    like.pk = like.last_event = None
    like.public_id, like.reference, like.subject = "c" * 26, "CL-2026-999999-X", "shop:claimed"
    like.state = "draft"
    like._state.adding = True
    like.save()
    return like


def more(sample: Sample) -> None:
    """A claim with the paper of its refusal."""
    from tests.architecture import state_changes

    Claim.objects.filter(case=sample.grants.claim).update(refusal=state_changes.fresh_document(sample, "CRF-2026-999999-X"))


# --- Attacks on their guards -------------------------------------------------------------------------------------------------


def accepted_by_another(sample: Sample) -> None:
    """An offer comes into force for somebody whose number was not named."""
    from tests.architecture import state_changes

    row = sample.grants.offer
    accepted = state_changes.event(row, "accept", "offered", "active")
    Delegation.objects.filter(pk=row.pk).update(state="active", last_event=accepted, delegate=sample.grants.former_delegate)


def opened_without_a_code(sample: Sample) -> None:
    late = sample.grants.waiting.code_until + dt.timedelta(minutes=1)
    Consent.objects.filter(pk=sample.grants.waiting.pk).update(opened_at=late, open_until=late + dt.timedelta(hours=1), code_cipher="")


def tries_taken_back(sample: Sample) -> None:
    Consent.objects.filter(pk=sample.grants.waiting.pk).update(tries=3)
    Consent.objects.filter(pk=sample.grants.waiting.pk).update(tries=0)


def _step(sample: Sample, role: str, user: Any) -> None:
    CaseEvent.objects.create(
        subject=sample.owner.waiting,
        workflow=RENEWAL,
        move="withdraw",
        from_state="awaiting_payment",
        to_state="withdrawn",
        at=clock.now(),
        actor_key=user.key,
        actor_role=role,
        data={"for": sample.owner.person.key},
    )


def filed_by_another(sample: Sample) -> None:
    """A request that its applicant sent is marked as assisted."""
    Case.objects.filter(pk=sample.owner.waiting.pk).update(filed_by="assistant")


def a_step_of_a_former_delegate(sample: Sample) -> None:
    _step(sample, "delegate", sample.grants.former_delegate)


def a_step_of_staff_without_consent(sample: Sample) -> None:
    _step(sample, "assistant", sample.officer)


def a_claim_approved_by_one(sample: Sample) -> None:
    """The holder has answered; nobody signed."""
    from tests.architecture import state_changes

    disputed = Claim.objects.select_related("case").get(disputed_at__isnull=False, case__state="in_review")
    state_changes.event(disputed.case, "accept", "in_review", "granted")


def a_claim_approved_unheard(sample: Sample) -> None:
    """Two persons sign before the holder could answer."""
    _signed(sample, Case.objects.get(pk=sample.grants.claim.pk))


def _signed(sample: Sample, case: Case) -> None:
    from tests.architecture import state_changes

    row = Decision.objects.create(case=case, outcome="accept", digest="d" * 64, made_by=sample.officer, made_at=clock.now())
    signer = User.objects.filter(is_staff=True).exclude(pk=sample.officer.pk)[0]
    Decision.objects.filter(pk=row.pk).update(signed_by=signer, signed_at=clock.now(), signed_digest=row.digest)
    state_changes.event(case, "sign_acceptance", "countersign", "granted")


def a_claim_approved_against_another_holder(sample: Sample) -> None:
    """The holder has answered, and the shop passed to somebody else since."""
    disputed = Claim.objects.select_related("case").get(disputed_at__isnull=False, case__state="in_review")
    Shop.objects.filter(pk=disputed.shop_id).update(owner=sample.grants.delegate)
    _signed(sample, disputed.case)


def a_claim_against_somebody_else(sample: Sample) -> None:
    """Another person is named as the holder of a shop that is not theirs."""
    claim = Claim.objects.get(case=sample.grants.claim)
    Claim.objects.filter(pk=claim.pk).update(holder=sample.grants.delegate)


BY_HAND = {
    "cases_caseevent_claim_holder": a_claim_approved_against_another_holder,
    "shops_claim_holder_moves": a_claim_against_somebody_else,
    "cases_caseevent_claim_signed": a_claim_approved_by_one,
    "cases_caseevent_claim_heard": a_claim_approved_unheard,
    "cases_case_filed_once": filed_by_another,
    "delegation_named": accepted_by_another,
    "delegation_consent_opens": opened_without_a_code,
    "delegation_consent_tries": tries_taken_back,
    "cases_caseevent_delegated": a_step_of_a_former_delegate,
    "cases_caseevent_consented": a_step_of_staff_without_consent,
}
