"""What the party of a violation may do besides paying: correct it, open its notice, or object. Payments come from the basket."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual
from violations import queries
from violations.models import Violation
from violations.states import ViolationState

V = ViolationState
OBJECTABLE = (V.OVERDUE, V.UNSETTLEABLE)  # that can no longer, or never, be settled
UNSERVED = (V.ORDERED, V.UNSETTLEABLE)  # whose periods begin with the opening of the notice
MAX_LISTED = 50


def obligations(user: User) -> list[Obligation]:
    """Warnings whose period runs, notices that were not served yet, and what only an objection keeps from the court; one query."""
    may_object = Q(state__in=OBJECTABLE, service__isnull=False, object_until__gte=clock.today(), objection__isnull=True)
    rows = queries.visible_to(user).filter(Q(state=V.WARNED) | Q(state__in=UNSERVED, service__isnull=True) | may_object)
    found = (_obligation(row) for row in rows.select_related("shop", "service").order_by("pk")[:MAX_LISTED])
    return [obligation for obligation in found if obligation is not None]


def _obligation(row: Violation) -> Obligation | None:
    if row.state in OBJECTABLE and getattr(row, "service", None) is not None:
        return _objection(row)
    is_warning = row.state == V.WARNED
    if is_warning and (row.correct_until is None or row.correct_until < clock.today()):
        return None
    return Obligation(
        code="correct" if is_warning else "open_notice",
        key=row.key,
        duty=Duty.MUST,
        title=_("Put right what the warning is about") if is_warning else _("A notice of a violation is waiting for you"),
        task=_("Put right what the warning is about") if is_warning else _("Read the notice of a violation"),
        action=_("Send a photo") if is_warning else _("Read the notice"),
        url=reverse("violations:page", args=[row.public_id]),
        subject=row.shop.key if row.shop is not None else "",
        about=_about(row),
        reference=row.reference,
        until=row.correct_until if is_warning else None,
    )


def _objection(row: Violation) -> Obligation:
    return Obligation(
        code="object",
        key=row.key,
        duty=Duty.OFFER,
        title=_("The right to object ends"),
        task=_("Object, or leave it to the court"),
        action=_("See the options"),
        url=reverse("violations:page", args=[row.public_id]),
        subject=row.shop.key if row.shop is not None else "",
        about=_about(row),
        reference=row.reference,
        until=row.object_until,
    )


def _about(row: Violation) -> str:
    """The offence, and the shop where it was seen."""
    offence = bilingual(row.offence_facts, "name")
    return offence if row.shop is None else f"{offence}: {bilingual(row.shop, 'name')}"
