"""Which opinions can be objected to, until when, and the objections there are."""

from __future__ import annotations

import datetime as dt

from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.documents.states import LIVE
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import Refused
from municipality.review.models import Decision
from municipality.rulebook import queries as rulebook
from zoning.models import Agreement, Opinion, OpinionDraft, OpinionObjection, OpinionOutcome
from zoning.opinion import queries as opinions
from zoning.opinion.states import OpinionState

LIMITS, REPLIES, CHECKS = "limits.opinion_objection", "replies.opinion_objection", "checks.opinion_objection"
AGAINST = (OpinionOutcome.NOT_PERMITTED, OpinionOutcome.CONDITIONAL)
LONGEST = dt.timedelta(days=366)  # how far back a list looks for opinions whose period may still run
MAX_LISTED = 50


def until(draft: OpinionDraft, issued_on: dt.date) -> dt.date | None:
    """The last day to object to an opinion that was signed as `draft`; None for one that neither denies, conditions nor deviates."""
    if draft.outcome not in AGAINST and draft.agreement != Agreement.DEVIATES:
        return None
    return issued_on + dt.timedelta(days=rulebook.edition(LIMITS, issued_on).limits["objection_days"].value)


def objection_to(opinion: Opinion) -> OpinionObjection | None:
    """The objection to an opinion, or None; read once a request."""
    rows = OpinionObjection.objects.filter(opinion=opinion).select_related("case")
    return request_cache.get_or_set(("zoning.objection_to", opinion.pk), rows.first)


def objection_of(case: Case) -> OpinionObjection:
    """The objection of a case with the opinion objected to. Raises OpinionObjection.DoesNotExist."""
    related = ("case__applicant", "case__branch", "opinion__case__branch", "opinion__plot__area", "opinion__activity", "opinion__document")
    return OpinionObjection.objects.select_related(*related, "decision").get(case=case)


def last_day(opinion: Opinion) -> dt.date | None:
    """The last day to object to an opinion; None where nothing can be objected to (any more)."""
    try:
        return _open_until(opinion)
    except Refused:
        return None


def require_open(case: Case) -> Opinion:
    """The opinion of a request that can be objected to today. Raises Refused: nothing_against, objected_once, too_late."""
    opinion = opinions.opinion_of(case)
    _open_until(opinion)
    return opinion


def _open_until(opinion: Opinion) -> dt.date:
    nothing = Refused("nothing_against", _("There is no opinion of this request that you can object to."))
    document = opinion.document
    if document is None or document.state not in LIVE or document.valid_from is None or opinion.first_id is not None:
        raise nothing
    if objection_to(opinion) is not None:
        raise Refused("objected_once", _("This opinion has been objected to already."))
    draft = opinions.draft_of(opinion)
    day = until(draft, document.valid_from) if draft is not None else None
    if day is None:
        raise nothing
    if clock.today() > day:
        raise Refused("too_late", _("The time to object is over."))
    return day


def took_part(opinion: Opinion) -> list[User]:
    """Who wrote a draft of an opinion, proposed a decision about it or signed one."""
    decisions = Decision.objects.filter(case=opinion.case_id)
    found = [opinion.drafts.values("made_by"), decisions.values("made_by"), decisions.values("signed_by")]
    return list(User.objects.filter(Q(pk__in=found[0]) | Q(pk__in=found[1]) | Q(pk__in=found[2])).order_by("pk"))


def open_opinions(user: User) -> list[tuple[Opinion, dt.date]]:
    """The opinions that a person sees and may still object to, each with its last day; two queries."""
    newest = OpinionDraft.objects.filter(opinion=OuterRef("pk")).order_by("-pk")
    rows = (
        Opinion.objects.filter(
            case__in=cases.visible_to(user).values("pk"),
            case__state=OpinionState.ISSUED,
            document__state__in=LIVE,
            document__valid_from__gte=clock.today() - LONGEST,
            objection__isnull=True,
            first__isnull=True,
        )
        .annotate(draft=Subquery(newest.values("pk")[:1]))
        .select_related("case", "document")
        .order_by("pk")[:MAX_LISTED]
    )
    drafts = OpinionDraft.objects.in_bulk([row.draft for row in rows])
    days = [(row, until(drafts[row.draft], row.document.valid_from)) for row in rows if row.document and row.document.valid_from]
    return [(row, day) for row, day in days if day is not None and clock.today() <= day]
