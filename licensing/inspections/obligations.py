"""What the owner of an inspected place has to do: choose a day, be there, put right."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.inspections import queries
from licensing.inspections.states import OPEN, InspectionState
from licensing.models import Inspection, InspectionVisit, VisitOutcome
from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.cases.panels import PanelLine
from municipality.kernel import clock
from municipality.ui.templatetags.portal import bilingual
from shops.models import Shop

S = InspectionState


def obligations(user: User) -> list[Obligation]:
    """Open inspections, and failed ones after which nobody has asked for another, but of shops that are closed; one query.

    Nor a failed one of a shop that has passed another of all questions since.
    """
    if user.is_staff:
        return []
    again = Inspection.objects.filter(previous=OuterRef("pk")).exclude(state=S.CANCELLED)
    since = Inspection.objects.filter(shop=OuterRef("shop"), state=S.PASSED, previous=None, ended_at__gt=OuterRef("ended_at"))
    is_left = ~Exists(again) & ~Exists(since) & (Q(case__isnull=True) | Q(case__is_open=True))
    waiting = Q(state__in=OPEN) | Q(state=S.FAILED) & is_left
    found = InspectionVisit.objects.filter(inspection=OuterRef("pk")).exclude(outcome=VisitOutcome.NOBODY)
    rows = queries.visible_to(user).filter(waiting).exclude(shop__closed_on__lte=clock.today()).annotate(was_inspected=Exists(found))
    rows = rows.select_related(None).select_related("shop").order_by("pk")
    return [_obligation(row, was_inspected=row.was_inspected) for row in rows]


def my_shops(user: User, shops: Sequence[Shop]) -> dict[str, list[PanelLine]]:
    """A line for each inspection of these shops that asks something of its owner, as `obligations` says; one query."""
    lines: dict[str, list[PanelLine]] = {shop.key: [] for shop in shops}
    for one in obligations(user):
        if one.subject in lines:
            lines[one.subject].append(_line(one))
    return {key: found for key, found in lines.items() if found}


def _line(one: Obligation) -> PanelLine:
    is_due = one.duty == Duty.MUST
    return PanelLine(
        _("Inspection"),
        state="warn" if is_due else "wait",
        label=one.task,
        reference=one.reference,
        deadline=one.until,
        action=one.action,
        url=one.url,
        is_due=is_due,
    )


_NOBODY = (_("Nobody was there at two appointments"), _("Ask for another inspection"), _("To the inspection"), None)


def _obligation(row: Inspection, *, was_inspected: bool) -> Obligation:
    words = {
        S.REQUESTED: (_("The day of the inspection is chosen"), _("Choose the day of the inspection"), _("Choose the day"), row.choose_by),
        S.APPOINTED: (_("The inspector comes"), _("Be there for the inspection"), _("See the appointment"), row.day),
        S.FAILED: (_("What the inspector found is put right"), _("Put right what the inspector found"), _("See what was found"), None),
    }
    title, task, action, until = _NOBODY if row.state == S.FAILED and not was_inspected else words[S(row.state)]
    return Obligation(
        code="inspect",
        key=row.key,
        duty=Duty.LATER if row.state == S.APPOINTED else Duty.MUST,
        title=title,
        task=task,
        action=action,
        url=reverse("licensing:inspection", args=[row.public_id]),
        subject=row.shop.key if row.shop is not None else "",
        about=bilingual(row, "name"),
        reference=row.reference,
        until=row.put_right_by if row.state == S.FAILED else until,
    )
