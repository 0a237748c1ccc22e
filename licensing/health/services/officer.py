"""A renewal, a change or a transfer that an officer decides: sent, corrected, accepted, refused, withdrawn or lapsed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from licensing.health import changes, draft_pages, new_places, queries
from licensing.health.names import NAMES
from licensing.health.notifications import CorrectionsLapsed, RefusedAfterPayment, RenewalSent
from licensing.health.services.cases import open_renewal
from licensing.health.services.lost import lost_condition
from licensing.health.states import CHANGE, RENEWAL, TRANSFER, RenewalState
from licensing.models import Act, HealthLicence, Lane, Renewal, RenewalChange
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.delegation.authorization import NotYours, authorize
from municipality.documents.models import Document
from municipality.documents.states import LIVE
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.jobs.services import enqueue
from municipality.kernel import clock, subjects
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.review import queries as review
from municipality.review.services import case_clock, corrections, desk, queue
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Authority
from municipality.uploads import services as uploads
from payments.rules import Line
from payments.services import issue_bill
from shops.models import EventKind, RegisterChange, Shop, ShopEvent
from shops.register import queries as shops
from shops.register.events import leaves_its_point
from shops.register.services import change_register

SYSTEM = system("licensing")
EDITIONS = ("conditions.health", "limits.review", "replies.health", "checks.health", "files.health")


@transaction.atomic
def send_to_officer(
    *,
    shop: Shop,
    applicant: User,
    draft: Draft,
    version: int,
    expected_fils: int | None = None,
    expected_zoning: str = "",
    actor: Actor | None = None,
) -> Case:
    """Send a renewal or a change that an officer decides: case, changes, files, queue entry and message in one transaction.

    Raises Refused: the first unmet condition that an officer cannot waive, "nothing_changed" where nobody need decide,
    "not_complete" with pages or files missing, "draft_changed" when another device changed an answer since the page was
    read, "price_changed" when `expected_fils` is not the total, "zoning_changed" when the answer for a new address is not the
    one marked `expected_zoning`, "files_waiting" while a file is being checked. Raises NotPermitted where the applicant
    does not hold the shop any more, `draft` is another person's, or `actor` may not act for them.
    """
    shop = Shop.objects.select_for_update(of=("self",)).select_related("branch").get(pk=shop.pk)
    shops.refuse_merged(shop)
    shops.require_holder(shop, applicant)
    row = Draft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    if row.person_id != applicant.pk:
        raise NotYours
    offer = queries.offer(shop, row.service)
    names = draft_pages.changed_facts(row)
    if not offer.may_be_studied or offer.licence is None or offer.period is None:
        first = next(c for c in offer.unmet if c.code not in offer.flags)
        raise Refused(first.code, _("A condition is no longer met. The page shows which one and what to do."))
    if not names and not offer.flags:
        raise Refused("nothing_changed", _("Nothing is changed, so there is nothing for an officer to decide."))
    if row.version != version:
        raise Refused("draft_changed", _("An answer has been changed on another device. Check your answers and send again."))
    if any(not page.is_done for page in draft_pages.pages(row)[:-1]):
        raise Refused("not_complete", _("A page or a file is missing. The task list shows which."))
    if expected_fils is not None and expected_fils != offer.total:
        raise Refused("price_changed", _("The fee changed while the page was open. Check the new amounts and submit again."))
    answers = {name: row.answers[name] for name in names}
    _check_competent_authority(answers)
    place = new_places.place_of_offer(offer, answers)
    if place is not None and expected_zoning and expected_zoning != place.mark:
        raise Refused("zoning_changed", _("The zoning answer for the new address changed while the page was open. Read it and send again."))
    actor = actor or actor_of(applicant)
    today = clock.today()
    limits = rulebook.edition("limits.review", today)
    renewal = open_renewal(
        shop=shop,
        applicant=applicant,
        organisation=shop.organisation,
        offer=offer,
        editions=[offer.fees, offer.limits, *rulebook.editions(EDITIONS, today), rulebook.calendar_edition()],
        due_on=case_clock.promised_day(limits),
        actor=actor,
        lane=Lane.OFFICER,
        flags=offer.flags,
    )
    case = renewal.case
    record_changes(renewal, shop, answers)
    if place is not None:
        new_places.keep(case, place, actor=actor)
    uploads.attach(row.key, case.key, actor=actor, slots=draft_pages.required_slots(row))
    drafts.send(draft=row, sent_as=case.key, actor=actor)
    advance(case, "send_to_officer", actor=actor, data={"changes": names, "flags": offer.flags})
    queue.join(case=case, actor=actor)
    case.refresh_from_db()
    send(
        RenewalSent, person=applicant, key=case.public_id, subject_key=case.key, context={"case": case, "shop": shop, "due_on": case.due_on}
    )
    return case


def _check_competent_authority(answers: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse an activity whose competent authority changed since the page was answered."""
    activity = answers.get("activity", {}).get("activity")
    if activity and rulebook.competent_authority(activity, clock.today()) != Authority.MUNICIPALITY:
        raise Refused(
            "competent_authority", _("The Municipality does not license the chosen activity. Choose another, or apply to its body.")
        )


def record_changes(renewal: Renewal, shop: Shop, answers: Mapping[str, Mapping[str, Any]], *, round_number: int = 0) -> None:
    """Create one RenewalChange for each declared fact, with what the register says now."""
    rows = []
    for name, page_answers in answers.items():
        after, secret = changes.split(name, page_answers)
        fact = changes.FACTS[name]
        rows.append(
            RenewalChange(
                renewal=renewal,
                round=round_number,
                name=name,
                before=fact.read(shop),
                after=after,
                secret=secret,
                sensitivity=fact.sensitivity,
                at=clock.now(),
            )
        )
    RenewalChange.objects.bulk_create(rows)


@transaction.atomic
def answer_corrections(*, case: Case, applicant: User, answers: Mapping[str, Mapping[str, Any]]) -> None:
    """Send the answers to an open round of corrections; the case goes back to its officer.

    Raises Refused("not_asked") where no round is open or a fact is not asked for, "not_complete" while a fact or file is
    missing; NotPermitted where `applicant` may not act for the case.
    """
    locked = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    correction_round = review.open_round(locked)
    renewal = queries.renewal_of(locked)
    actor = authorize(applicant, locked).actor
    if locked.state != RenewalState.CORRECTIONS or correction_round is None or renewal is None:
        raise Refused("not_asked", _("Nothing is asked for in this request now."))
    targets = {item.target for item in correction_round.items.all()}
    if not answers.keys() <= targets:
        raise Refused("not_asked", _("Only what was asked for can be corrected."))
    if queries.missing_answers(locked, correction_round, answers):
        raise Refused("not_complete", _("Something that was asked for is still missing."))
    _check_competent_authority(answers)
    shop = Shop.objects.get(pk=renewal.licence.shop_id)
    record_changes(renewal, shop, answers, round_number=correction_round.number)
    if answers.keys() & {"address", "activity"} and (place := new_places.place_of_renewal(renewal, shop)) is not None:
        new_places.keep(locked, place, actor=actor)
    if "manager" in answers:
        for role, key in queries.manager_parties(renewal):
            queue.add_party(case=locked, role=role, key=key, actor=actor)
    desk.receive_answer(case=locked, actor=actor)
    record("renewal.corrected", subject=locked.key, actor=actor, data={"round": correction_round.number, "facts": sorted(answers)})
    case.refresh_from_db()


def accepted(case: Case) -> None:
    """After an officer's approval: issue the bill. In the decision's transaction.

    What the request changes is written when its licence is in force (`write_begun`): until then the licence in force says what it said.
    A request whose licence can no longer be issued is refused before anything is paid.
    """
    shop = Shop.objects.select_for_update(of=("self",)).get(public_id=subjects.parse(case.subject).id)
    if code := lost_condition(case):
        advance(case, "refuse", actor=SYSTEM, reason=code)
        context = {"case": case, "is_free": True}
        send(RefusedAfterPayment, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)
        return
    renewal = queries.get_renewal(case)
    if renewal.act == Act.RENEWAL:
        keep_accepted(renewal, shop)
    issue_bill(
        kind=case.service,
        subject=case.key,
        payer=case.applicant,
        title_ar=f"{NAMES[case.service][0]}: {shop.name_ar}"[:160],
        title_en=f"{NAMES[case.service][1]}: {shop.name_en}"[:160],
        lines=_bill_lines(case, renewal),
        actor=cases.last_actor(case),
    )
    unpaid_days = rulebook.edition("limits.health", clock.today()).limits["unpaid_days"].value
    enqueue(
        "licensing.close_unpaid", key=case.public_id, due_at=clock.end_of(clock.today() + dt.timedelta(days=unpaid_days)), case_id=case.pk
    )


def keep_accepted(renewal: Renewal, shop: Shop) -> None:
    """Keep the register as the officer accepted it, once: what it changes afterwards sends the next renewal to an officer."""
    if renewal.lane == Lane.OFFICER and renewal.accepted_facts is None:
        renewal.accepted_facts = shop.registered_facts()
        renewal.save(update_fields=["accepted_facts"])


def stated_facts(renewal: Renewal) -> dict[str, str]:
    """The registered facts of the licence of a request: those that were accepted, with its changes."""
    facts = dict(renewal.accepted_facts or renewal.registered_facts)
    for row in queries.declared_changes(renewal):
        facts |= changes.FACTS[row.name].registered(row.after)
    return facts


def write_begun(licence: HealthLicence) -> None:
    """Write what the request of a licence changes to the register, in the name of who accepted it, once the licence is in force.

    Until its first day, and while it is suspended, nothing is written; what the register has changed since its issue stands, save an
    address that was only written in another way. Idempotent. The caller has locked the shop.
    """
    renewal = Renewal.objects.filter(new_licence=licence, lane=Lane.OFFICER).select_related("case").first()
    if renewal is None or licence.first_day > clock.today() or not _is_live(licence):
        return
    shop, case = Shop.objects.get(pk=licence.shop_id), renewal.case
    issued_at = _issued_at(case)
    since = RegisterChange.objects.filter(Q(at__gt=issued_at) | Q(source=case.key), shop=shop)
    stands = {name for name, source in since.values_list("name", "source") if name != "address" or source == case.key}
    if _has_moved(shop, issued_at):
        stands.add("address")
    differing = [(row, changes.FACTS[row.name].read(shop)) for row in queries.declared_changes(renewal) if row.name not in stands]
    fact_changes = [changes.register_change(row.name, before, row.after, row.secret) for row, before in differing if row.after != before]
    if fact_changes:
        change_register(shop=shop, changes=fact_changes, source=case.key, actor=accepted_by(case))


def _has_moved(shop: Shop, since: dt.datetime) -> bool:
    """Whether the register moved a shop elsewhere since; an address that was only written in another way does not."""
    moves = ShopEvent.objects.filter(shop=shop, kind=EventKind.MOVED, at__gt=since).values_list("data", flat=True)
    return any(leaves_its_point([name for name, value in move["after"].items() if move["before"].get(name) != value]) for move in moves)


def _is_live(licence: HealthLicence) -> bool:
    return Document.objects.filter(pk=licence.document_id, state__in=LIVE).exists()


def _issued_at(case: Case) -> dt.datetime:
    at: dt.datetime = case.events.filter(to_state=RenewalState.ISSUED).order_by("-pk").values_list("at", flat=True)[0]
    return at


def with_changes(shop: Shop, renewal: Renewal) -> Shop:
    """The shop as the new licence states it, before the register says so. Nothing is saved."""
    for row in queries.declared_changes(renewal):
        for column, value in changes.FACTS[row.name].columns(row.after, row.secret).items():
            setattr(shop, column, value)
    return shop


def accepted_by(case: Case) -> Actor:
    """Who approved a case last."""
    step = case.events.filter(to_state=RenewalState.AWAITING_PAYMENT).order_by("-pk")[0]
    return Actor(step.actor_role, step.actor_key)


def _bill_lines(case: Case, renewal: Renewal) -> list[Line]:
    """The fee by the edition stamped on the request, with the surcharge if the licence had ended then."""
    fees = review.edition_for(case, "fees.health")
    return queries.fee_lines(fees, renewal.years, is_late=renewal.is_late, service=case.service)


def bill_fils(case: Case) -> int:
    """The amount of the bill that an approval issues."""
    return sum(line.fils for line in _bill_lines(case, queries.get_renewal(case)))


def refused(case: Case) -> None:
    """After a signed refusal: enqueue its document. In the decision's transaction."""
    enqueue("licensing.refusal_document", key=case.public_id, case_id=case.pk)


def lapse_unanswered() -> int:
    """Close requests whose corrections were not answered in the rulebook's time. Returns how many."""
    swept = [
        corrections.lapse_unanswered(service=service, sweep="licensing.lapse", message=CorrectionsLapsed, actor=SYSTEM)
        for service in (RENEWAL, CHANGE, TRANSFER)
    ]
    return sum(swept)
