"""Claiming a shop: at once where the register says so, else by documents and an officer; and the dispute of its present holder."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.limits import Limit
from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import signatories_of
from municipality.acting import registry as delegable
from municipality.audit.services import record
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.services import advance, lift_block, open_case, place_block
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send
from municipality.review import queries as review
from municipality.review.services import clock as promise
from municipality.review.services import desk, queue
from municipality.rulebook import queries as rulebook
from municipality.uploads import queries as uploads
from shops import queries
from shops.models import Claim, ClaimGround, RegisteredOwner, Shop
from shops.notifications import ClaimDecided, ClaimDisputed, ClaimGranted, ClaimSent, ShopClaimed
from shops.services import transfer
from shops.states import CLAIM, ClaimState

SYSTEM = system("shops")
LIMITS = "limits.claims"
EDITIONS = (LIMITS, "limits.review", "replies.claim", "checks.claim")
LOOKED_UP = Limit("claim_lookups", 10, 3600)  # a person: numbers of licences are no list to be read
BLOCK_AR = "على ملكية هذا المحل نزاع لدى البلدية، وتتوقف خدماته حتى يُبت فيه."
BLOCK_EN = "The ownership of this shop is disputed before the Municipality. Its services wait for the decision."


def found(*, person: User, number: str) -> Shop | None:
    """The shop of a commercial licence number. Raises Refused("too_many") beyond ten questions an hour."""
    if not LOOKED_UP.take(person.key):
        refusal = Refused("too_many", _("Too many numbers were asked for. Please try again in an hour."))
        refusal.status = 429
        raise refusal
    return queries.with_names(Shop.objects.filter(commercial_license_no=number)).first()


def matches(person: User, shop: Shop) -> bool:
    """Whether the commercial register names this person as owner of the shop's licence."""
    digest = person.civil_id_digest
    return bool(digest) and RegisteredOwner.objects.filter(commercial_license_no=shop.commercial_license_no, owner_digest=digest).exists()


def _claimable(shop: Shop, person: User) -> Shop:
    row = Shop.objects.select_for_update(of=("self",)).select_related("branch", "owner", "organisation").get(pk=shop.pk)
    if queries.held_by(person).filter(pk=row.pk).exists():
        raise Refused("yours_already", _("This shop is in your list already."))
    if cases.open_for(CLAIM, row.key) is not None:
        raise Refused("claimed_already", _("A claim of this shop is open already. It is decided first."))
    return row


@transaction.atomic
def claim_by_register(*, shop: Shop, person: User) -> Case:
    """The register names this person: the shop is theirs at once. Its holder until now is told, and may dispute for some days.

    Raises Refused: yours_already, claimed_already, no_match.
    """
    row = _claimable(shop, person)
    if not matches(person, row):
        raise Refused("no_match", _("The commercial register does not name you as the owner. Send documents instead."))
    days = rulebook.edition(LIMITS, clock.today()).limits["dispute_days"].value
    case, claim = _opened(row, person, ClaimGround.REGISTER, dispute_until=clock.today() + dt.timedelta(days=days))
    advance(case, "match", actor=actor_of(person))
    transfer(shop=row, to=person, source=f"{case.key}:match", actor=actor_of(person))
    _tell_holders(claim, case)
    return case


def _opened(row: Shop, person: User, ground: str, **facts: Any) -> tuple[Case, Claim]:
    today = clock.today()
    case = open_case(
        service=CLAIM,
        subject=row.key,
        title_ar=row.name_ar,
        title_en=row.name_en,
        applicant=person,
        branch=row.branch,
        series="CL",
        editions=[rulebook.edition(subject, today) for subject in EDITIONS],
        actor=actor_of(person),
        due_on=promise.promised_day(rulebook.edition("limits.review", today)) if ground == ClaimGround.DOCUMENTS else None,
    )
    claim = Claim.objects.create(case=case, shop=row, ground=ground, holder=row.owner, holder_organisation=row.organisation, **facts)
    return case, claim


def begin(*, shop: Shop, person: User) -> Draft:
    """Keep a claim by documents until it is sent. Raises Refused as `claim_by_register` does."""
    with transaction.atomic():
        row = _claimable(shop, person)
    return drafts.begin(person=person, service=CLAIM, subject=row.key)


def files_key(draft: Draft) -> str:
    """The subject of the documents of a claim, while it is filled in and afterwards."""
    return f"claim:{draft.public_id}"


@transaction.atomic
def send_claim(*, draft: Draft, person: User, statement: str) -> Case:
    """Send a claim with its documents to an officer: case, place in the queue, clock and both messages commit together.

    Raises Refused: yours_already, claimed_already, no_documents, files_waiting.
    """
    shop = Shop.objects.get(public_id=draft.subject.partition(":")[2])
    row = _claimable(shop, person)
    key = files_key(draft)
    if uploads.is_waiting(key):
        raise Refused("files_waiting", _("A file is still being checked. Please wait a moment and send again."))
    if not uploads.ready(key).exists():
        raise Refused("no_documents", _("Add a document that shows that the shop is yours."))
    case, claim = _opened(row, person, ClaimGround.DOCUMENTS, files_key=key, statement=statement)
    drafts.send(draft=draft, sent_as=case.key, actor=actor_of(person))
    advance(case, "send_to_officer", actor=actor_of(person))
    queue.join(case=case, actor=actor_of(person))
    case.refresh_from_db()
    send(ClaimSent, person=person, key=case.public_id, subject_key=case.key, context={"case": case, "shop": row, "due_on": case.due_on})
    _tell_holders(claim, case)
    return case


def holders(claim: Claim) -> list[User]:
    """Under whom the shop stood when it was claimed: the owner, or all who sign for the organisation today."""
    if claim.holder is not None:
        return [claim.holder]
    return list(signatories_of(claim.holder_organisation))


def _tell_holders(claim: Claim, case: Case) -> None:
    for person in holders(claim):
        context = {
            "case": case,
            "shop": claim.shop,
            "matched": claim.ground == ClaimGround.REGISTER,
            "until": claim.dispute_until or case.due_on,
        }
        send(ShopClaimed, person=person, key=case.public_id, subject_key=case.key, context=context)


def disputable(claim: Claim, person: Any) -> bool:
    """Whether a person holds the shop that is claimed and may dispute the claim now."""
    if claim.is_disputed or all(holder.pk != person.pk for holder in holders(claim)):
        return False
    state = claim.case.state
    return state == ClaimState.IN_REVIEW or (
        state == ClaimState.MATCHED and claim.dispute_until is not None and clock.today() <= claim.dispute_until
    )


@transaction.atomic
def dispute(*, claim: Claim, person: User, text: str) -> Case:
    """The holder disputes a claim: it is frozen. The shop stands under its holder again, its services wait, an officer decides.

    Raises NotPermitted for anybody but a holder, Refused("not_disputable") once it was decided, disputed, or its days are over.
    """
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=claim.case_id)
    row = Claim.objects.select_for_update(of=("self",)).select_related("shop", "holder", "holder_organisation", "case").get(pk=claim.pk)
    row.case = case
    if all(holder.pk != person.pk for holder in holders(row)):
        raise NotPermitted("not_yours", _("Only the holder of the shop disputes a claim."))
    if not disputable(row, person):
        raise Refused("not_disputable", _("This claim cannot be disputed any more."))
    row.disputed_at, row.disputed_by, row.dispute = clock.now(), person, text
    row.save(update_fields=["disputed_at", "disputed_by", "dispute"])
    actor = Actor("holder", person.key)
    was_matched = case.state == ClaimState.MATCHED
    if was_matched:
        limits = rulebook.edition("limits.review", clock.today())
        advance(case, "dispute", actor=actor, due_on=promise.promised_day(limits))
        until_now: Any = row.holder or row.holder_organisation
        transfer(shop=row.shop, to=until_now, source=f"{case.key}:frozen", actor=actor)
        queue.join(case=case, actor=actor)
    else:
        advance(case, "object", actor=actor)
    for service in delegable.SERVICES:
        place_block(
            subject=row.shop.key, ground="claim", source=case.key, stops=service, sentence_ar=BLOCK_AR, sentence_en=BLOCK_EN, actor=actor
        )
    record("claim.disputed", subject=case.key, actor=actor, data={"shop": row.shop.key, "matched": was_matched})
    case.refresh_from_db()
    for told in (case.applicant, *holders(row)):
        send(
            ClaimDisputed,
            person=told,
            key=case.public_id,
            subject_key=case.key,
            context={"case": case, "shop": row.shop, "due_on": case.due_on},
        )
    return case


def accepted(case: Case) -> None:
    """The officer grants the claim: the shop passes to the claimant, and its services go on. In the decision's transaction."""
    claim = queries.claim_of(case)
    event = case.last_event
    if event is None:
        raise LookupError(f"case {case.pk} was never moved")
    transfer(shop=claim.shop, to=case.applicant, source=case.key, actor=Actor(event.actor_role, event.actor_key))
    _decided(claim, case, granted=True)


def refused(case: Case) -> None:
    """The signed refusal: the shop stays with its holder. In the decision's transaction."""
    _decided(queries.claim_of(case), case, granted=False)


def _decided(claim: Claim, case: Case, *, granted: bool) -> None:
    lift_block(subject=claim.shop.key, source=case.key, actor=SYSTEM)
    for person in holders(claim):
        send(
            ClaimDecided,
            person=person,
            key=case.public_id,
            subject_key=case.key,
            context={"case": case, "shop": claim.shop, "granted": granted},
        )


@transaction.atomic
def withdraw(*, case: Case, person: User) -> None:
    """The claimant takes a claim back while it is studied. Raises NotPermitted for anybody else, TransitionRefused."""
    row = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    actor = cases.principal(person, row).actor
    advance(row, "withdraw", actor=actor)
    queue.leave(case=row, actor=actor, code="withdrawn")
    _decided(queries.claim_of(row), row, granted=False)


@transaction.atomic
def answer(*, case: Case, person: User) -> None:
    """Send the documents that were asked for. Raises Refused("not_asked") and Refused("not_complete")."""
    row = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    actor = cases.principal(person, row).actor
    asked = review.open_round(row)
    if row.state != ClaimState.CORRECTIONS or asked is None:
        raise Refused("not_asked", _("Nothing is asked for in this request now."))
    if queries.missing_documents(row):
        raise Refused("not_complete", _("Something that was asked for is still missing."))
    desk.answered(case=row, actor=actor)


def settle_due() -> int:
    """Close matched claims that nobody disputed in their days, and claims whose corrections were not answered. Returns how many."""
    today, closed = clock.today(), 0
    due = Claim.objects.filter(disputed_at__isnull=True, dispute_until__lt=today, case__state=ClaimState.MATCHED)
    for pk in due.values_list("case", flat=True)[:500]:
        with transaction.atomic():
            case = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=pk)
            if case.state != ClaimState.MATCHED:
                continue
            advance(case, "settle", actor=SYSTEM)
            claim = queries.claim_of(case)
            send(ClaimGranted, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case, "shop": claim.shop})
            closed += 1
    for asked in review.unanswered().filter(case__service=CLAIM):
        with transaction.atomic():
            case = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=asked.case_id)
            if case.state != ClaimState.CORRECTIONS:
                continue
            advance(case, "lapse", actor=SYSTEM)
            queue.leave(case=case, actor=SYSTEM, code="lapsed")
            _decided(queries.claim_of(case), case, granted=False)
            closed += 1
    return closed
