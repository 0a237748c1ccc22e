"""Which opinions and refused requests for one can be objected to, until when, and the objections there are."""

from __future__ import annotations

import datetime as dt

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.documents.states import LIVE, DocumentState
from municipality.incidents import queries as incidents
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import Refused
from municipality.review import queries as review
from municipality.review.models import Decision
from municipality.rulebook import queries as rulebook
from zoning.models import Agreement, Opinion, OpinionDraft, OpinionObjection, OpinionOutcome
from zoning.opinion import queries as opinions
from zoning.opinion.states import OpinionState

LIMITS, REPLIES, CHECKS = opinions.OBJECTION_LIMITS, "replies.opinion_objection", "checks.opinion_objection"
AGAINST = (OpinionOutcome.NOT_PERMITTED, OpinionOutcome.CONDITIONAL, OpinionOutcome.OTHER_LIMITS)
OBJECTABLE = (*LIVE, DocumentState.SUSPENDED)  # the days go on while a fee that the bank took back is owed, as they do after a refusal
OBJECTION_DEADLINE = "zoning.objection"  # of the deadlines that move after an incident
LONGEST = dt.timedelta(days=366)  # how far back a list looks for opinions whose period may still run
MAX_LISTED = 50


def until(draft: OpinionDraft, issued_on: dt.date, *, is_shown: bool = False) -> dt.date | None:
    """The last day to object to an opinion that was signed as `draft`; None for one that neither denies, conditions, limits nor deviates.

    `is_shown`: for a page that decides nothing by it, by rules that are up to a minute old.
    """
    if draft.outcome not in AGAINST and draft.agreement != Agreement.DEVIATES:
        return None
    edition = (rulebook.shown_edition if is_shown else rulebook.edition)(LIMITS, issued_on)
    return issued_on + dt.timedelta(days=edition.limits["objection_days"].value)


def decision_of(case: Case) -> Decision | None:
    """The decision of a case that is not void, or None; read once a request."""
    return request_cache.get_or_set(("zoning.decision", case.pk), lambda: review.decision_of(case))


def refusal_of(opinion: Opinion) -> Decision | None:
    """The signed refusal of a request for an opinion; None for one that was not refused."""
    if opinion.case.state != OpinionState.REFUSED:
        return None
    decision = decision_of(opinion.case)
    if decision is None or decision.outcome != "refuse" or not decision.is_signed:
        return None
    decision.case = opinion.case
    return decision


def issued_draft(opinion: Opinion) -> OpinionDraft | None:
    """The draft by which an opinion was issued; None for a refused request, whose drafts count for nothing."""
    return opinions.draft_of(opinion) if opinion.document_id is not None else None


def objection_to(case_id: int) -> OpinionObjection | None:
    """The objection to the opinion of a case, with that opinion, or None; read once a request."""
    rows = OpinionObjection.objects.filter(opinion__case=case_id).select_related("case", "opinion__document__last_event")
    return request_cache.get_or_set(("zoning.objection_to", case_id), rows.first)


def objection_of(case: Case) -> OpinionObjection:
    """The objection of a case with the opinion objected to. Raises OpinionObjection.DoesNotExist."""
    related = ("case__applicant", "case__branch", "opinion__case__branch", "opinion__plot__area", "opinion__activity", "opinion__document")
    return OpinionObjection.objects.select_related(*related, "decision").get(case=case)


def last_day(opinion: Opinion, *, is_shown: bool = False) -> dt.date | None:
    """The last day to object to an opinion or to the refusal of its request; None where nothing can be objected to (any more).

    `is_shown`: for a page that decides nothing by it; rules and days that moved are up to a minute old.
    """
    try:
        return _open_until(opinion, is_shown=is_shown)
    except Refused:
        return None


def require_open(case: Case) -> Opinion:
    """The opinion of a request that can be objected to today, issued or refused.

    Raises Refused: nothing_against, objected_once, too_late.
    """
    opinion = opinions.opinion_of(case)
    _open_until(opinion)
    return opinion


def _open_until(opinion: Opinion, *, is_shown: bool = False) -> dt.date:
    nothing = Refused("nothing_against", _("There is no opinion of this request that you can object to."))
    document, refusal = opinion.document, refusal_of(opinion)
    is_live = document is not None and document.state in OBJECTABLE and document.valid_from is not None
    if opinion.first_id is not None or not (is_live or refusal is not None):
        raise nothing
    if objection_to(opinion.case_id) is not None:
        raise Refused("objected_once", _("This opinion has been objected to already."))
    if refusal is not None:
        day: dt.date | None = review.appeal_until(refusal)
    else:
        draft = opinions.draft_of(opinion)
        first = document.valid_from if document is not None else None
        day = until(draft, first, is_shown=is_shown) if draft is not None and first is not None else None
    if day is None:
        raise nothing
    moved = incidents.as_moved if is_shown else incidents.as_moved_now
    day = moved(OBJECTION_DEADLINE, {opinion.pk: day})[opinion.pk]
    if clock.today() > day:
        raise Refused("too_late", _("The time to object is over."))
    return day


def took_part(opinion: Opinion) -> list[User]:
    """Who wrote a draft of an opinion, proposed a decision about it or signed one."""
    decisions = Decision.objects.filter(case=opinion.case_id)
    found = [opinion.drafts.values("made_by"), decisions.values("made_by"), decisions.values("signed_by")]
    return list(User.objects.filter(Q(pk__in=found[0]) | Q(pk__in=found[1]) | Q(pk__in=found[2])).order_by("pk"))


def open_cases(user: User) -> list[tuple[Case, dt.date]]:
    """The requests, with an opinion or refused, about which a person may still object, each with its last day."""
    today = clock.today()
    mine = Opinion.objects.filter(case__in=cases.visible_to(user).values("pk"))
    return [(row.case, day) for row, day in _with_last_days(mine, today, MAX_LISTED) if today <= day]


def running(first: dt.date, last: dt.date) -> list[tuple[Opinion, dt.date]]:
    """The opinions, issued or refused, whose last day to object lies in a period, each with that day."""
    return [(row, day) for row, day in _with_last_days(Opinion.objects.all(), first) if first <= day <= last]


def _with_last_days(rows: QuerySet[Opinion], today: dt.date, most: int | None = None) -> list[tuple[Opinion, dt.date]]:
    """Those of some opinions to which nobody has objected yet and one can, each with the last day to object."""
    rows = rows.filter(objection__isnull=True, first__isnull=True).select_related("case", "document").order_by("-pk")
    newest = OpinionDraft.objects.filter(opinion=OuterRef("pk")).order_by("-pk")
    issued = rows.filter(case__state=OpinionState.ISSUED, document__state__in=OBJECTABLE, document__valid_from__gte=today - LONGEST)
    found = list(issued.annotate(draft=Subquery(newest.values("pk")[:1]))[:most])
    drafts = OpinionDraft.objects.in_bulk([row.draft for row in found])
    days = {row.pk: until(drafts[row.draft], row.document.valid_from) for row in found if row.document and row.document.valid_from}
    closed = rows.filter(case__state=OpinionState.REFUSED, case__closed_at__gte=clock.start_of(today) - LONGEST)
    refused = list(closed[:most])
    signed = Decision.objects.filter(case__in=[row.case_id for row in refused], outcome="refuse", signed_at__isnull=False, voided_at=None)
    refusals = {one.case_id: one for one in signed.select_related("case")}
    days |= {row.pk: review.appeal_until(refusals[row.case_id]) for row in refused if row.case_id in refusals}
    moved = incidents.as_moved_now(OBJECTION_DEADLINE, {pk: day for pk, day in days.items() if day is not None})
    return [(row, moved[row.pk]) for row in [*found, *refused] if row.pk in moved]
