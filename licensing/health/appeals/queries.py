"""Which refusals can be appealed, until when, and the appeals there are."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext_lazy as _

from licensing.health.appeals.states import APPEALED
from licensing.health.states import RenewalState
from licensing.models import Appeal
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import Refused
from municipality.review import queries as review
from municipality.review.models import Decision

LIMITS, REPLIES, CHECKS = "limits.appeal", "replies.appeal", "checks.appeal"
LONGEST = dt.timedelta(days=366)  # how far back a list looks for refusals whose period may still run
MAX_LISTED = 50
REFUSED = RenewalState.REFUSED  # a new licence has the same


def refusal_of(case: Case) -> Decision | None:
    """The signed refusal of a refused request; None for one that no officer refused."""
    if case.service not in APPEALED or case.state != REFUSED:
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
    until = review.appeal_until(refusal)
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
    if clock.today() > review.appeal_until(refusal):
        raise Refused("too_late", _("The time to appeal is over."))
    return refusal


def open_refusals(user: User) -> list[tuple[Case, dt.date]]:
    """The refused requests that a person sees and may still appeal, each with its last day; one query."""
    since = clock.now() - LONGEST
    refused = Case.objects.filter(service__in=APPEALED, state=REFUSED, closed_at__gte=since, pk__in=cases.visible_to(user).values("pk"))
    rows = Decision.objects.filter(case__in=refused, outcome="refuse", signed_at__isnull=False, voided_at__isnull=True, appeal__isnull=True)
    today = clock.today()
    found = [(row.case, review.appeal_until(row)) for row in rows.select_related("case").order_by("pk")[:MAX_LISTED]]
    return [(case, until) for case, until in found if today <= until]
