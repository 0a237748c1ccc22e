"""The drawn inspector, and another one in their place."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.inspections import services as inspections
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from municipality.kernel.transitions import transition
from municipality.review.models import ConflictOfInterest
from reports.models import Report
from reports.states import ReportState
from reports.triage import draws
from reports.triage.services import rows
from reports.triage.services.rows import SYSTEM


@transaction.atomic
def assign(report: Report) -> None:
    """Draw the inspector of a report that was received, or opened again. Does nothing if it has one. Raises Refused("no_inspector")."""
    row = rows.locked(report)
    if row.state != ReportState.RECEIVED:
        return
    inspector, drawn = draws.draw(row)
    transition(row, "assign", actor=SYSTEM, inspector=inspector, draw=drawn, updated_at=clock.now())
    record("report.assigned", subject=row.subject_key, actor=SYSTEM, data={"inspector": inspector.key})


@transaction.atomic
def draw_again(*, report: Report, supervisor: User, code: str) -> None:
    """Draw another inspector, for a coded reason (`rows.may_draw`). Raises NotPermitted, Refused: unknown_code, no_inspector, and
    TransitionRefused.
    """
    row, reason = rows.of_supervisor(report, supervisor), rows.reason_of(code)
    if not rows.may_draw(row, supervisor):
        text = _(
            "Another inspector was drawn for this report before. Enter the absence or the conflict of interest, and the portal draws one."
        )
        raise NotPermitted("drawn_before", text)
    _draw_again(row, actor_of(supervisor, "supervisor"), reason.code)


def _draw_again(row: Report, actor: Actor, code: str) -> None:
    before = row.inspector
    inspector, drawn = draws.draw(row, without={before.pk} if before else None)
    transition(row, "draw_again", actor=actor, reason=code, inspector=inspector, draw=drawn, updated_at=clock.now())
    data = {"code": code, "before": before.key if before else "", "inspector": inspector.key}
    record("report.drawn_again", subject=row.subject_key, actor=actor, data=data)


def redraw_unable() -> int:
    """Draw another inspector where the drawn one is away, has left or has a conflict of interest now. Returns how many."""
    return sweeps.for_each("reports.redraw", _doubtful(), _redraw)


def _doubtful() -> list[int]:
    """Reports whose inspector is away or has left, or has a conflict of interest, perhaps with another shop; few queries for all."""
    today = clock.today()
    able = {women: set(inspections.able(is_womens=women, parties=[], on=today).values_list("pk", flat=True)) for women in (False, True)}
    tied = set(ConflictOfInterest.objects.filter(ended_at__isnull=True).values_list("officer", flat=True))
    rows = Report.objects.filter(state=ReportState.ASSIGNED).order_by("pk")
    found = rows.values_list("pk", "inspector", "shop", "shop__activity__is_womens")
    return [pk for pk, who, shop, women in found if who not in able[bool(women)] or (shop and who in tied)]


def _is_able(row: Report) -> bool:
    return draws.able(row, on=clock.today()).filter(pk=row.inspector_id or 0).exists()


def _redraw(pk: int) -> bool:
    row = rows.locked(Report(pk=pk))
    if row.state != ReportState.ASSIGNED or _is_able(row):
        return False
    candidates = draws.able(row, on=clock.today()).exclude(pk=row.inspector_id or 0)
    if not candidates.exists():
        return False  # it waits with its inspector until there is another one
    is_tied = row.inspector is not None and draws.is_tied(row.inspector, row)
    _draw_again(row, SYSTEM, "conflict" if is_tied else "absent")
    return True
