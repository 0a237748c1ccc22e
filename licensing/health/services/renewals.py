"""Submitting, withdrawing and closing a renewal or a duplicate, which are approved automatically."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.health import queries
from licensing.health.names import NAMES
from licensing.health.notifications import RenewalLapsed, RenewalSubmitted
from licensing.health.services.cases import open_renewal
from licensing.health.states import RENEWAL, RenewalState
from licensing.workers import queries as workers
from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.delegation.authorization import authorize
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.review.services import queue
from municipality.rulebook import queries as rulebook
from payments.models import Bill
from payments.services import issue_bill, void_bill_of
from shops.models import Shop
from shops.register import queries as shops

SYSTEM = system("licensing")


def submit_renewal(*, shop: Shop, applicant: User, expected_fils: int | None = None, actor: Actor | None = None) -> Case:
    """The case of `submit`, for those whom the bill does not concern."""
    return submit(shop=shop, applicant=applicant, expected_fils=expected_fils, actor=actor)[0]


@transaction.atomic
def submit(
    *,
    shop: Shop,
    applicant: User,
    expected_fils: int | None = None,
    actor: Actor | None = None,
    service: str = RENEWAL,
    ends_on: dt.date | None = None,
    with_message: bool = True,
) -> tuple[Case, Bill]:
    """Submit a renewal with nothing changed, or a duplicate: case, renewal, bill and message in one transaction.

    Many at once are told of together: then without a message of its own.

    `actor` acts for the applicant (default: the applicant). With `ends_on` the licence ends on that day, the last one of the commercial
    licence, instead of after the usual period. Raises NotPermitted where the applicant does not hold the shop any more,
    or `actor` may not act for them; Refused with the code of the first unmet condition, "end_changed" when the commercial licence ends on
    another day, or "price_changed" when `expected_fils` is not the total.
    """
    shop = Shop.objects.select_for_update(of=("self",)).select_related("branch").get(pk=shop.pk)
    shops.refuse_merged(shop)
    shops.require_holder(shop, applicant)
    offer = queries.offer(shop, service)
    if not offer.may_renew or offer.licence is None or offer.period is None:
        raise Refused(offer.unmet[0].code, _("A condition is no longer met. The page shows which one and what to do."))
    editions = [offer.fees, offer.limits, offer.printed, rulebook.calendar_edition()]
    if ends_on is not None:
        aligned = queries.until_commercial(offer)
        if aligned is None or aligned.period is None or aligned.period.last != ends_on:
            raise Refused("end_changed", _("The commercial licence ends on another day now. Check the new period and submit again."))
        offer = aligned
        editions.append(rulebook.edition("limits.new_licence", clock.today()))
    if expected_fils is not None and expected_fils != offer.total:
        raise Refused("price_changed", _("The fee changed while the page was open. Check the new amounts and submit again."))
    actor = actor or actor_of(applicant)
    sent = open_renewal(
        shop=shop, applicant=applicant, organisation=shop.organisation, offer=offer, editions=editions, due_on=offer.due_on, actor=actor
    )
    case = sent.case
    certificates = workers.lights([shop]).get(shop.pk) if service == RENEWAL else None
    ended = {"ended_certificates": certificates.ended} if certificates is not None and certificates.ended else None
    advance(case, "submit", actor=actor, data=ended)  # what the declaration left out
    bill = issue_bill(
        kind=service,
        subject=case.key,
        payer=applicant,
        title_ar=f"{NAMES[service][0]}: {shop.name_ar}"[:160],
        title_en=f"{NAMES[service][1]}: {shop.name_en}"[:160],
        lines=offer.lines,
        actor=actor,
    )
    unpaid_days = offer.limits.limits["unpaid_days"].value
    enqueue(
        "licensing.close_unpaid", key=case.public_id, due_at=clock.end_of(clock.today() + dt.timedelta(days=unpaid_days)), case_id=case.pk
    )
    if with_message:
        send(
            RenewalSubmitted,
            person=applicant,
            key=case.public_id,
            subject_key=case.key,
            channels=() if actor == actor_of(applicant) else None,
            context={"case": case, "shop": shop, "until": clock.today() + dt.timedelta(days=unpaid_days)},
        )
    return case, bill


@transaction.atomic
def withdraw_renewal(*, case: Case, person: User) -> None:
    """Withdraw an unpaid request, in both lanes; `person` is the applicant or a delegate.

    Raises Refused("payment_open") while the bank has not answered, NotPermitted for other users.
    """
    actor = authorize(person, case).actor
    void_bill_of(case, actor)
    advance(case, "withdraw", actor=actor)
    queue.leave(case=case, actor=actor, code="withdrawn")


@transaction.atomic
def close_unpaid(*, case: Case) -> None:
    """Close a request that was not paid in the rulebook's time; does nothing in another state."""
    if case.state != RenewalState.AWAITING_PAYMENT:
        return
    void_bill_of(case, SYSTEM)
    advance(case, "expire", actor=SYSTEM)
    send(RenewalLapsed, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})
