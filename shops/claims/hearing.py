"""Telling the holder of a shop about a claim, and hearing another one to whom the shop passed meanwhile."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.incidents import queries as incidents
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.review import queries as review
from municipality.review.services import queue
from municipality.rulebook import queries as rulebook
from municipality.ui.dates import day_text
from shops.claims.notifications import ClaimCorrected, ShopClaimed
from shops.claims.parties import holders, key_of
from shops.claims.states import ClaimState
from shops.models import Claim, ClaimGround, Shop
from shops.register.signals import holder_changed

SYSTEM = system("shops")
LIMITS = "limits.claims"


def last_day() -> dt.date:
    """The last day on which a holder who is told today can answer before a claim by documents is approved."""
    return clock.today() + dt.timedelta(days=rulebook.edition(LIMITS, clock.today()).limits["hearing_days"].value)


def tell_holders(claim: Claim, case: Case) -> None:
    """Tell the holder of a shop that it is claimed, and until when to answer; in the transaction of the claim."""
    for person in holders(claim):
        context = {"case": case, "shop": claim.shop, "matched": claim.ground == ClaimGround.REGISTER, "until": claim.dispute_until}
        send(ShopClaimed, person=person, key=f"{case.public_id}:{claim.dispute_until}", subject_key=case.key, context=context)


def tell_corrected(claim: Claim, case: Case, *, key: str) -> None:
    """Tell a holder who has not disputed that the claimant sent corrections, and until when to answer; in the transaction of the answer."""
    if claim.is_disputed:
        return
    for person in holders(claim):
        context = {"case": case, "shop": claim.shop, "until": claim.answer_by}
        send(ClaimCorrected, person=person, key=key, subject_key=case.key, context=context)


def refuse_other_holder(claim: Claim, shop: Shop) -> None:
    """Raise Refused("holder_changed") where the shop has another holder than the one who was heard about the claim."""
    if (shop.owner_id, shop.organisation_id) != (claim.holder_id, claim.holder_organisation_id):
        raise Refused("holder_changed", _("The shop has passed to another holder, who was not heard. The claim cannot be approved."))


def refuse_unheard(claim: Claim) -> None:
    """Raise Refused("holder_not_heard") while the holder can still answer or the days may still move, and as `refuse_other_holder` does."""
    refuse_other_holder(claim, claim.shop)
    if claim.is_disputed or claim.dispute_until is None:
        return
    if clock.today() <= claim.dispute_until:
        text = _("The present holder can answer until %(day)s. The claim can be approved after that day, or once the holder has answered.")
        raise Refused("holder_not_heard", text % {"day": day_text(claim.dispute_until)})
    if incidents.are_held():
        raise Refused(
            "holder_not_heard", _("A part of the portal was out: the days of the present holder may still move. Try again later.")
        )


@receiver(holder_changed)
def hear_new_holder(sender: type[Shop], shop: Shop, source: str, **_more: Any) -> None:
    """Tell the new holder about an open claim by documents, with days of their own to answer; in the transaction of the change.

    A proposed approval goes back to the queue. A disputed claim keeps its holder: it can be approved no more (`refuse_other_holder`).
    """
    found = Claim.objects.filter(shop=shop, ground=ClaimGround.DOCUMENTS, case__is_open=True, disputed_at__isnull=True).first()
    if found is None:
        return
    case = Case.objects.select_for_update(of=("self",), no_key=True).select_related("applicant").get(pk=found.case_id)
    new_claimant = (None, found.organisation_id) if found.organisation_id else (case.applicant_id, None)
    if not case.is_open or case.key == source or (shop.owner_id, shop.organisation_id) == new_claimant:
        return
    until = Claim.objects.select_for_update().values_list("dispute_until", flat=True).get(pk=found.pk)
    until = max(until or last_day(), last_day())  # an incident may have moved it further
    Claim.objects.filter(pk=found.pk, disputed_at__isnull=True).update(
        holder=shop.owner, holder_organisation=shop.organisation, dispute_until=until
    )
    claim = Claim.objects.select_related("shop", "holder", "holder_organisation").get(pk=found.pk)
    if case.state == ClaimState.COUNTERSIGN and (assignment := review.assignment_of(case)) is not None:
        queue.release(assignment=assignment, code="holder_changed")
    if review.entry_of(case) is not None:  # else `queue.join` learns them
        for person in holders(claim):
            queue.add_party(case=case, role="holder", key=person.key, actor=SYSTEM)
        if claim.holder_organisation is not None:
            queue.add_party(case=case, role="licensee", key=key_of(claim.holder_organisation), actor=SYSTEM)
    record("claim.heard_again", subject=case.key, actor=SYSTEM, data={"shop": shop.key, "by": source})
    tell_holders(claim, case)
