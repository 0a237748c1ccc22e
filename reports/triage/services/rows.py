"""What every step begins with: the locked row, who may make it, and the reasons of the rulebook."""

from __future__ import annotations

from django.db.models import Subquery
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review.queries import is_supervisor
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from reports import queries
from reports.models import Closure, Report
from reports.results import NO_ANSWER
from reports.states import ReportState
from reports.triage import draws

SYSTEM = system("reports")
STEP, RESULT = "report_step", "report_result"
BY_PORTAL = (NO_ANSWER, "parts_done")  # results that nobody chooses


def locked(report: Report) -> Report:
    """The row, locked in the caller's transaction."""
    related = ("shop__activity", "shop__owner", "shop__organisation", "inspector", "branch")
    return Report.objects.select_for_update(of=("self",)).select_related(*related).get(pk=report.pk)


def of_inspector(report: Report, inspector: User) -> Report:
    """The locked row of its drawn inspector. Raises NotPermitted: not_drawn, not_able."""
    row = locked(report)
    if row.inspector_id != inspector.pk:
        raise NotPermitted("not_drawn", _("Another inspector was drawn for this report."))
    if not draws.able(row, on=None).filter(pk=inspector.pk).exists():
        raise NotPermitted("not_able", _("You may not act on this report now. The supervisor of the branch has another inspector drawn."))
    return row


def proposed(row: Report) -> Closure | None:
    """The result of a report that waits for a second signature."""
    waiting = row.closures.filter(signed_by__isnull=True, sent_back_at__isnull=True, is_on_the_spot=False).order_by("pk")
    return waiting.last() if row.state == ReportState.COUNTERSIGN else None


def branch_of(row: Report) -> str | None:
    """The code of the branch of a report: that of its place, or of its inspector where its place has none."""
    return row.branch_id or (row.inspector.branch_id if row.inspector else None)


def is_of_branch(row: Report, supervisor: User) -> bool:
    """Whether a report is for the supervisors of a user's branch: where another one was drawn to sign its result (`signers`), for those."""
    made = proposed(row)
    return supervisor.branch_id == ((made.signing_branch_id if made is not None else None) or branch_of(row))


def of_supervisor(report: Report, supervisor: User) -> Report:
    """The locked row of a supervisor whom `is_of_branch` names. Raises NotPermitted."""
    row = locked(report)
    if not is_supervisor(supervisor) or not is_of_branch(row, supervisor):
        raise NotPermitted("not_supervisor", _("Only a supervisor of the branch of this report can do this."))
    if draws.is_tied(supervisor, row):
        raise NotPermitted("conflict_of_interest", _("You declared a conflict of interest with this shop. Another supervisor decides."))
    return row


def may_sign(row: Report, supervisor: User) -> bool:
    """Whether a supervisor of the branch may sign its next result.

    Who signed one that solved nothing, its own or that of a part (`queries.unsolved`), does so again only where the branch has no other
    supervisor who may: none who signed one too, wrote this one, or has a conflict of interest.
    """
    signers = set(queries.unsolved(row).values_list("signed_by", flat=True))
    if supervisor.pk not in signers:
        return True
    others = User.objects.filter(groups__name="supervisor", is_active=True, is_staff=True, branch=supervisor.branch_id)
    return all(draws.is_tied(other, row) for other in others.exclude(pk__in=[*signers - {None}, row.inspector_id]))


def may_draw(row: Report, _supervisor: User) -> bool:
    """Whether a supervisor may have another inspector drawn: once for each draw by the portal, or they could go on until the one they want
    is drawn. Where somebody is away or has a conflict of interest, the portal draws as often as it is needed.
    """
    drawn = row.events.filter(move="assign").order_by("-pk").values("pk")[:1]
    return not row.events.filter(move="draw_again", actor_role="supervisor", pk__gt=Subquery(drawn)).exists()


def reasons(kind: str = STEP) -> dict[str, Reason]:
    """The reasons in force that people choose from, by code."""
    found = rulebook.edition(queries.REPLIES, clock.today()).reasons_of(kind)
    return {reason.code: reason for reason in found if reason.code not in BY_PORTAL}


def reason_of(code: str, kind: str = STEP) -> Reason:
    """Raises Refused("unknown_code")."""
    try:
        return reasons(kind)[code]
    except KeyError:
        raise Refused("unknown_code", _("Choose a reason from the list.")) from None


def written_by_portal(code: str) -> Reason:
    """A result that the portal writes by itself. Raises KeyError."""
    return {reason.code: reason for reason in rulebook.edition(queries.REPLIES, clock.today()).reasons_of(RESULT)}[code]


def have_drawn(row: Report) -> None:
    """Enqueue the draw of an inspector after the last event of a row."""
    enqueue("reports.assign", key=f"{row.subject_key}:{row.last_event_id or 0}", report_id=row.pk)
