"""Claiming a shop by a match with the commercial register or by documents; and disputing a claim."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import Organisation, User, actor_for
from municipality.audit.services import record
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.services import advance, lift_block, open_case, place_block
from municipality.delegation import registry as delegable
from municipality.delegation.authorization import NotYours, authorize, may
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.incidents import queries as incidents
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send
from municipality.review import queries as review
from municipality.review.models import QueueEntry
from municipality.review.registry import SecondSignature
from municipality.review.services import case_clock, desk, queue
from municipality.rulebook import queries as rulebook
from municipality.uploads import queries as uploads
from municipality.uploads import services as upload_services
from shops.claims import hearing, parties
from shops.claims import queries as claim_queries
from shops.claims.matching import matches, why_documents
from shops.claims.notifications import ClaimDecided, ClaimDisputed, ClaimGranted, ClaimLapsed, ClaimSent
from shops.claims.parties import Claimant, holders
from shops.claims.states import CLAIM, ClaimState
from shops.models import Claim, ClaimGround, Shop
from shops.register import queries
from shops.register.services import transfer

SYSTEM = system("shops")
LIMITS = hearing.LIMITS
EDITIONS = (LIMITS, "limits.review", "replies.claim", "checks.claim")
LOOKUP_LIMIT = AttemptLimit("claim_lookups", 10, 3600)  # a person, an hour: numbers cannot be enumerated
GROUND = "claim"  # of the blocks
BLOCK_AR = "على ملكية هذا المحل نزاع لدى البلدية، وتتوقف خدماته حتى يُبت فيه."
BLOCK_EN = "The ownership of this shop is disputed before the Municipality. Its services wait for the decision."


def find_shop(*, person: User, number: str) -> Shop | None:
    """The shop of a commercial licence number. Raises Refused("too_many") beyond the limit."""
    if not LOOKUP_LIMIT.take(person.key):
        refusal = Refused("too_many", _("Too many numbers were asked for. Please try again in an hour."))
        refusal.status = 429
        raise refusal
    return queries.by_licence([number], *queries.NAMED).get(number)


def _claimable(shop: Shop, claimant: Claimant) -> Shop:
    row = Shop.objects.select_for_update(of=("self",)).select_related("branch", "owner", "organisation").get(pk=shop.pk)
    queries.refuse_merged(row)
    organisation = claimant.organisation
    if row.organisation_id == organisation.pk if organisation is not None else queries.held_by(claimant.person).filter(pk=row.pk).exists():
        raise Refused("yours_already", _("This shop is already in your list."))
    if cases.open_for(CLAIM, row.key) is not None:
        raise Refused("claimed_already", _("There is already an open claim to this shop. It is decided first."))
    return row


@transaction.atomic
def claim_by_register(*, shop: Shop, person: User, organisation: Organisation | None = None) -> Case:
    """Claim a shop whose registered owner is the claimant: it is transferred at once; its former holder is notified and may
    dispute. Where the shop passed to another holder after the register's statement, or an earlier claim of theirs was disputed or refused,
    an officer decides by documents.

    Raises Refused: yours_already, claimed_already, no_match; NotPermitted where `person` may not act for the organisation.
    """
    claimant = parties.claimant(person, organisation)
    row = _claimable(shop, claimant)
    if not matches(claimant.new_holder, row):
        raise Refused("no_match", _("The commercial register names another owner. Send documents instead."))
    if why := why_documents(claimant.new_holder, row):
        raise Refused("no_match", why)
    days = rulebook.edition(LIMITS, clock.today()).limits["dispute_days"].value
    case, claim = _open_claim(row, claimant, ClaimGround.REGISTER, dispute_until=clock.today() + dt.timedelta(days=days))
    advance(case, "match", actor=claimant.actor)
    transfer(shop=row, to=claimant.new_holder, source=f"{case.key}:match", actor=claimant.actor)
    hearing.tell_holders(claim, case)
    return case


def _open_claim(
    row: Shop, claimant: Claimant, ground: str, *, dispute_until: dt.date, due_on: dt.date | None = None, **facts: Any
) -> tuple[Case, Claim]:
    today = clock.today()
    case = open_case(
        service=CLAIM,
        subject=row.key,
        title_ar=row.name_ar,
        title_en=row.name_en,
        applicant=claimant.person,
        organisation=claimant.organisation,
        branch=row.branch,
        series="CL",
        editions=[*rulebook.editions(EDITIONS, today), rulebook.calendar_edition()],
        actor=claimant.actor,
        held_under=claimant.held_under,
        due_on=due_on,
    )
    claim = Claim.objects.create(
        case=case,
        shop=row,
        ground=ground,
        organisation=claimant.organisation,
        holder=row.owner,
        holder_organisation=row.organisation,
        dispute_until=dispute_until,
        **facts,
    )
    return case, claim


def begin(*, shop: Shop, person: User, organisation: Organisation | None = None) -> Draft:
    """Begin the draft of a claim by documents. Raises Refused and NotPermitted as `claim_by_register` does."""
    claimant = parties.claimant(person, organisation)
    with transaction.atomic():
        row = _claimable(shop, claimant)
    draft = drafts.begin(person=claimant.person, service=CLAIM, subject=row.key, actor=claimant.actor, held_under=claimant.held_under)
    for other in Draft.objects.filter(person=claimant.person, service=CLAIM, subject=row.key, closed_at__isnull=False, sent_as=""):
        upload_services.drop_all(files_key(other), reason="draft_ended", actor=claimant.actor)
    return draft


def drop_files() -> int:
    """Delete the documents of closed drafts that were never sent. Returns how many."""
    subjects = uploads.subjects_of("claim")
    closed = Draft.objects.filter(public_id__in=[subject.partition(":")[2] for subject in subjects], closed_at__isnull=False, sent_as="")
    keys = [files_key(draft) for draft in closed]
    return sweeps.for_each("shops.drop_files", keys, lambda key: upload_services.drop_all(key, reason="draft_ended", actor=SYSTEM))


def files_key(draft: Draft) -> str:
    """The subject key of the documents of a claim, as a draft and afterwards."""
    return f"claim:{draft.public_id}"


@transaction.atomic
def send_claim(*, draft: Draft, person: User, statement: str) -> Case:
    """Send a claim with its documents: case and messages in one transaction. It joins the queue once its holder was heard (`join_heard`).

    Raises Refused: yours_already, claimed_already, no_documents, files_waiting; NotPermitted where `person` may not act for the
    claimant.
    """
    shop = Shop.objects.get(public_id=draft.subject.partition(":")[2])
    claimant = parties.of_draft(draft, person)
    row = _claimable(shop, claimant)
    key = files_key(draft)
    upload_services.refuse_waiting(key)
    if not uploads.ready(key).exists():
        raise Refused("no_documents", _("Add a document that shows that the shop is yours."))
    heard_by = hearing.last_day()
    case, claim = _open_claim(
        row,
        claimant,
        ClaimGround.DOCUMENTS,
        dispute_until=heard_by,
        due_on=case_clock.promised_day(rulebook.edition("limits.review", clock.today()), clock.end_of(heard_by)),
        files_key=key,
        statement=statement,
    )
    drafts.send(draft=draft, sent_as=case.key, actor=claimant.actor)
    advance(case, "send_to_officer", actor=claimant.actor)
    send(
        ClaimSent,
        person=claimant.person,
        key=case.public_id,
        subject_key=case.key,
        context={"case": case, "shop": row, "due_on": case.due_on},
    )
    hearing.tell_holders(claim, case)
    return case


def disputable(claim: Claim, person: User) -> bool:
    """Whether `person` may dispute the claim now, as holder of the shop or delegate."""
    try:
        authorize(person, claim)
    except NotPermitted:
        return False
    return _in_time(claim)


def _in_time(claim: Claim) -> bool:
    """A match within its days; what an officer decides also after them, and while it is corrected: its documents may be new."""
    if claim.is_disputed:
        return False
    return claim.case.state in (ClaimState.IN_REVIEW, ClaimState.CORRECTIONS) or (
        claim.case.state == ClaimState.MATCHED and claim.answer_by is not None
    )


@transaction.atomic
def dispute(*, claim: Claim, person: User, text: str) -> Case:
    """Dispute a claim, as holder or delegate: the shop goes back to its holder, its services are blocked, and an officer decides.

    Raises NotPermitted for other users, Refused("not_disputable") if the claim is decided, disputed, or out of time.
    """
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=claim.case_id)
    row = Claim.objects.select_for_update(of=("self",)).select_related("shop", "holder", "holder_organisation", "case").get(pk=claim.pk)
    row.case = case
    access = authorize(person, row)
    holder = access.person
    if not access.is_self:  # checked again with the grant locked, against a concurrent revocation
        key = parties.defence_key(row, access)
        if not may(actor_for(person, holder), person=holder, service=CLAIM, subject=key):
            raise NotYours
    if not _in_time(row):
        raise Refused("not_disputable", _("This claim cannot be disputed any more."))
    row.disputed_at, row.disputed_by, row.dispute = clock.now(), holder, text
    row.save(update_fields=["disputed_at", "disputed_by", "dispute"])
    actor = Actor("holder", person.key, access.actor.for_key)
    was_matched = case.state == ClaimState.MATCHED
    if was_matched:
        limits = rulebook.edition("limits.review", clock.today())
        advance(case, "dispute", actor=actor, due_on=case_clock.promised_day(limits))
        former_holder: Any = row.holder or row.holder_organisation
        transfer(shop=row.shop, to=former_holder, source=f"{case.key}:frozen", actor=actor)
        queue.join(case=case, actor=actor)
    else:
        advance(case, "object" if case.state == ClaimState.IN_REVIEW else "object_meanwhile", actor=actor)
        if not QueueEntry.objects.filter(case=case).exists():
            queue.join(case=case, actor=actor)
    for service in (code for code, entry in delegable.SERVICES.items() if entry.waits_in_dispute):
        place_block(
            subject=row.shop.key, ground=GROUND, source=case.key, stops=service, sentence_ar=BLOCK_AR, sentence_en=BLOCK_EN, actor=actor
        )
    record("claim.disputed", subject=case.key, actor=actor, data={"shop": row.shop.key, "matched": was_matched})
    case.refresh_from_db()
    for recipient in (case.applicant, *holders(row)):
        send(
            ClaimDisputed,
            person=recipient,
            key=case.public_id,
            subject_key=case.key,
            context={"case": case, "shop": row.shop, "due_on": case.due_on},
        )
    return case


def second_signature(case: Case) -> SecondSignature:
    """Always: an approval takes the shop from its holder. Raises Refused as `hearing.refuse_unheard` does."""
    hearing.refuse_unheard(claim_queries.claim_of(case))
    return SecondSignature("holder_changes", "تنقل الموافقة المحل من حائزه.", "The approval takes the shop from its holder.", [])


def accepted(case: Case) -> None:
    """After an officer's approval: transfer the shop to the claimant and lift the block. In the decision's transaction.

    Raises Refused("holder_changed") where the shop has another holder than the one who was heard.
    """
    claim = claim_queries.claim_of(case)
    hearing.refuse_other_holder(claim, Shop.objects.select_for_update(of=("self",)).get(pk=claim.shop_id))
    transfer(shop=claim.shop, to=claim.organisation or case.applicant, source=case.key, actor=cases.last_actor(case))
    _finish(claim, case, granted=True)


def refused(case: Case) -> None:
    """After a signed refusal: lift the block and enqueue the document. In the decision's transaction."""
    _finish(claim_queries.claim_of(case), case, granted=False)
    enqueue("shops.refusal_document", key=case.public_id, case_id=case.pk)


def _finish(claim: Claim, case: Case, *, granted: bool) -> None:
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
    """Withdraw an undecided claim. Raises NotPermitted for other users, TransitionRefused in another state."""
    row = queue.withdraw(case=case, person=person)
    _finish(claim_queries.claim_of(row), row, granted=False)


@transaction.atomic
def answer(*, case: Case, person: User) -> None:
    """Send the requested documents; a holder who has not disputed is told. Raises Refused("not_asked") and Refused("not_complete")."""
    row = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    actor = authorize(person, row).actor
    correction_round = review.open_round(row)
    if row.state != ClaimState.CORRECTIONS or correction_round is None:
        raise Refused("not_asked", _("Nothing is asked for in this request now."))
    if claim_queries.missing_documents(row):
        raise Refused("not_complete", _("Something that was asked for is still missing."))
    desk.receive_answer(case=row, actor=actor)
    hearing.tell_corrected(claim_queries.claim_of(row), row, key=f"{row.public_id}:{correction_round.pk}")


def settle_due() -> int:
    """Close matched claims that were not disputed in time, and claims whose corrections were not answered; and let those by documents
    join the queue whose holder had the days to answer. Returns how many; none while deadlines may still move because of an incident.
    """
    if incidents.are_held():
        return 0
    due = Claim.objects.filter(disputed_at__isnull=True, dispute_until__lt=clock.today(), case__state=ClaimState.MATCHED)
    unanswered = review.overdue_rounds().filter(case__service=CLAIM)
    heard = Claim.objects.filter(ground=ClaimGround.DOCUMENTS, dispute_until__lt=clock.today(), case__state=ClaimState.IN_REVIEW)
    heard = heard.exclude(case__in=QueueEntry.objects.values("case"))
    settled = sweeps.for_each("shops.settle_claim", list(due.values_list("case", flat=True)[:500]), _settle)
    settled += sweeps.for_each("shops.join_claim", list(heard.order_by("pk").values_list("case", flat=True)[:500]), join_heard)
    return settled + sweeps.for_each("shops.lapse_claim", list(unanswered.values_list("case", flat=True)), _lapse)


def join_heard(case_id: int) -> bool:
    """Put a claim by documents into the queue: before, no officer could approve it. False where it is there, or decided."""
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=case_id)
    if case.state != ClaimState.IN_REVIEW or QueueEntry.objects.filter(case=case).exists():
        return False
    queue.join(case=case, actor=SYSTEM)
    return True


def _settle(case_id: int) -> bool:
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=case_id)
    if case.state != ClaimState.MATCHED:
        return False
    advance(case, "settle", actor=SYSTEM)
    claim = claim_queries.claim_of(case)
    send(ClaimGranted, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case, "shop": claim.shop})
    return True


def _lapse(case_id: int) -> bool:
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case_id)
    if case.state != ClaimState.CORRECTIONS:
        return False
    advance(case, "lapse", actor=SYSTEM)
    queue.leave(case=case, actor=SYSTEM, code="lapsed")
    _finish(claim_queries.claim_of(case), case, granted=False)
    send(ClaimLapsed, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})
    return True
