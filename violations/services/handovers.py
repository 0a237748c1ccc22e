"""Handing a visit over to the inspectors whose warrants reach the shop."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send
from shops.models import Shop
from violations import queries
from violations.notifications import VisitHandedOver
from violations.services import assessments


@transaction.atomic
def hand_over(*, shop: Shop, inspector: User) -> int:
    """Tell the inspectors who may inspect a shop that this one may not; once a day. Returns how many were told.

    Raises NotPermitted as `queries.warrant_of`; Refused: yours, nobody_to_tell.
    """
    today = clock.today()
    warrant = queries.warrant_of(inspector, today)
    try:
        assessments.require_reach(warrant, shop)
    except NotPermitted as refusal:
        reason = refusal.code
    else:
        raise Refused("yours", _("You may inspect this shop yourself."))
    people = list(queries.inspectors_of(shop).exclude(pk=inspector.pk))
    if not people:
        raise Refused("nobody_to_tell", _("Nobody may inspect this shop today. Tell your supervisor."))
    key = f"{shop.public_id}:{inspector.public_id}:{today.isoformat()}"
    for person in people:
        send(VisitHandedOver, person=person, key=key, subject_key=shop.key, context={"shop": shop, "area": shop.area, "warrant": warrant})
    record("visit.handed_over", subject=shop.key, actor=Actor("inspector", inspector.key), data={"reason": reason, "told": len(people)})
    return len(people)
