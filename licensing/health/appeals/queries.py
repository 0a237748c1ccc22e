"""Which refusals can be appealed, until when, and the appeals there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from licensing.health.appeals.registry import APPEALABLES
from licensing.health.states import RenewalState
from licensing.models import Appeal
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.incidents import queries as incidents
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import Refused
from municipality.review import queries as review
from municipality.review.models import Decision

LIMITS, REPLIES, CHECKS = "limits.appeal", "replies.appeal", "checks.appeal"
APPEAL_DEADLINE = "licensing.appeal"  # of the deadlines that move after an incident
LONGEST = dt.timedelta(days=366)  # how far back a list looks for refusals whose period may still run
MAX_LISTED = 50
REFUSED = RenewalState.REFUSED  # the others have the same
Moved = Callable[[str, dict[int, dt.date]], dict[int, dt.date]]


def refusal_of(case: Case) -> Decision | None:
    """The signed refusal of a refused request; None for one that no officer refused."""
    if case.service not in APPEALABLES or case.state != REFUSED:
        return None
    decision = review.decision_of(case)
    if decision is None or decision.outcome != "refuse" or not decision.is_signed:
        return None
    decision.case = case
    return decision


def appeal_against(case: Case) -> Appeal | None:
    """The appeal against the refusal of a request, or None. A request has at most one."""
    return Appeal.objects.filter(refusal__case=case).select_related("case").first()


def appeal_read(case: Case) -> Appeal | None:
    """`appeal_against`, read once a request; for pages."""
    return request_cache.get_or_set(("licensing.appeal_against", case.pk), lambda: appeal_against(case))


def appeal_of(case: Case) -> Appeal:
    """The appeal of a case of an appeal. Raises Appeal.DoesNotExist."""
    related = ("case__applicant", "case__branch", "refusal__case__applicant", "unit")
    return Appeal.objects.select_related(*related).get(case=case)


def last_day(case: Case) -> dt.date | None:
    """The last day to appeal against the refusal of a request; None where nothing can be appealed (any more)."""
    refusal = refusal_of(case)
    if refusal is None or appeal_read(case) is not None:
        return None
    until = _with_last_days([refusal])[0][1]
    return until if clock.today() <= until else None


def may_open(user: User, case: Case) -> bool:
    """Whether a member of staff opens a request as theirs to study, or because of the appeal against its refusal."""
    return review.may_open(user, case) or ((appeal := appeal_against(case)) is not None and review.may_open(user, appeal.case))


def require_open(case: Case) -> Decision:
    """The refusal that can be appealed today. Raises Refused: not_refused, appealed_once, too_late."""
    refusal = refusal_of(case)
    if refusal is None:
        raise Refused("not_refused", _("There is no refusal of this request that could be appealed."))
    if appeal_against(case) is not None:
        raise Refused("appealed_once", _("This refusal has been appealed already."))
    if clock.today() > _with_last_days([refusal], incidents.as_moved_now)[0][1]:
        raise Refused("too_late", _("The time to appeal is over."))
    return refusal


def open_refusals(user: User) -> list[tuple[Case, dt.date]]:
    """The refused requests that a person sees and may still appeal, each with its last day."""
    since = clock.now() - LONGEST
    rows = _unappealed(since).filter(case__in=cases.visible_to(user).values("pk"))[:MAX_LISTED]
    today = clock.today()
    return [(row.case, until) for row, until in _with_last_days(list(rows)) if today <= until]


def running(first: dt.date, last: dt.date) -> Iterator[tuple[Decision, dt.date]]:
    """The refusals whose last day to appeal lies in a period, each with that day."""
    rows = _with_last_days(list(_unappealed(clock.start_of(first) - LONGEST)), incidents.as_moved_now)
    return ((row, until) for row, until in rows if first <= until <= last)


def _unappealed(since: dt.datetime) -> QuerySet[Decision]:
    """The signed refusals of requests that were refused since a moment and not appealed."""
    refused = {"case__service__in": list(APPEALABLES), "case__state": REFUSED, "case__closed_at__gte": since, "outcome": "refuse"}
    rows = Decision.objects.filter(**refused, signed_at__isnull=False, voided_at__isnull=True, appeal__isnull=True)
    return rows.select_related("case").order_by("pk")


def _with_last_days(rows: list[Decision], moved: Moved = incidents.as_moved) -> list[tuple[Decision, dt.date]]:
    days = moved(APPEAL_DEADLINE, {row.pk: review.appeal_until(row) for row in rows})
    return [(row, days[row.pk]) for row in rows]
