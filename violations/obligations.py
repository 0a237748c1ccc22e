"""What the party of a violation has to do besides paying: correct it, or open its notice. Payments come from the basket."""

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
UNSERVED = (V.ORDERED, V.UNSETTLEABLE)  # whose periods begin with the opening of the notice
MAX_LISTED = 50


def obligations(user: User) -> list[Obligation]:
    """Warnings whose period runs, and notices that were not served yet; one query."""
    rows = queries.visible_to(user).filter(Q(state=V.WARNED) | Q(state__in=UNSERVED, service__isnull=True))
    found = (_obligation(row) for row in rows.select_related("shop", "service").order_by("pk")[:MAX_LISTED])
    return [obligation for obligation in found if obligation is not None]


def _obligation(row: Violation) -> Obligation | None:
    is_warning = row.state == V.WARNED
    if is_warning and (row.correct_until is None or row.correct_until < clock.today()):
        return None
    return Obligation(
        code="correct" if is_warning else "open_notice",
        key=row.key,
        duty=Duty.MUST,
        title=_("Correct what a warning says") if is_warning else _("A notice of a violation waits"),
        task=_("Correct what a warning says") if is_warning else _("Read the notice of a violation"),
        action=_("Send a photo") if is_warning else _("Read the notice"),
        url=reverse("violations:page", args=[row.public_id]),
        subject=row.shop.key if row.shop is not None else "",
        about=bilingual(row.offence_facts, "name"),
        reference=row.reference,
        until=row.correct_until if is_warning else None,
    )
