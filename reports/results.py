"""The results of a report, as its public page, its messages and other systems tell them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from municipality.ui.texts import both
from reports import queries
from reports.models import Closure, HandOver, Question, Report
from reports.states import ReportState
from violations import publication
from violations.models import Violation
from violations.states import ViolationState

NO_ANSWER = "no_answer"  # the result that the portal writes where the reporter did not answer in time
BODY_ACTED = "body_acted"
# Results that tell a measure, and the number that the violation of a consequence has once it was taken.
MEASURES = {"warned": "warning_number", "violation": "number"}
NOT_YET = _("An inspector visited the place and acted. What was done is told on the page of the report once it is final.")
OTHER_SHOP = _(
    "A warning or violation report belongs to this report only if it is written against its shop. If somebody else is responsible,"
    " divide the report first, and mark the part that is not about the shop."
)
RELATED = ("violation__objection__case", "violation__judgment__appeal", "violation__last_event")  # of a consequence


def lacking_measures(report: Report) -> set[str]:
    """The results that tell a warning or a violation report that was not written from a report, or does not stand any more."""
    standing = report.consequences.exclude(violation__state__in=(ViolationState.ANNULLED, ViolationState.ACQUITTED))
    numbers = list(standing.values(*(f"violation__{number}" for number in MEASURES.values())))
    return {code for code, number in MEASURES.items() if not any(row[f"violation__{number}"] for row in numbers)}


def impossible_results(report: Report) -> set[str]:
    """The results that tell of a hand-over or a question which a report never had."""
    happened: dict[str, Any] = {BODY_ACTED: HandOver.objects, NO_ANSWER: Question.objects}
    found = Report.objects.filter(pk=report.pk).values_list(*(Exists(rows.filter(report=OuterRef("pk"))) for rows in happened.values()))
    return {code for code, is_so in zip(happened, found.get(), strict=True) if not is_so}


class ToldResult(NamedTuple):
    """Texts of a result, and when it was written."""

    text_ar: str
    text_en: str
    closed_at: dt.datetime


def told(report: Report, closures: Sequence[Closure], violations: Sequence[Violation]) -> list[ToldResult]:
    """The written results in their order. A measure at a shop is told once all violations of the report are public."""
    found = []
    for closure in closures:
        texts = (closure.text_ar, closure.text_en)
        if report.shop_id is not None and closure.code in MEASURES:
            statuses = publication.statuses(violations)
            texts = texts if statuses and all(statuses.values()) else both(NOT_YET)
        found.append(ToldResult(*texts, closure.closed_at))
    return found


def is_unanswered(report: Report) -> bool:
    """Whether it is closed, or waits for a second signature, because the reporter did not answer; an answer opens it again."""
    if report.state not in (ReportState.COUNTERSIGN, ReportState.CLOSED):
        return False
    last = report.closures.filter(sent_back_at__isnull=True).order_by("pk").last()
    return last is not None and last.code == NO_ANSWER


def ending(report: Report, results: Sequence[ToldResult]) -> ToldResult | None:
    """With what a report is closed now, of the results in `told`; not one from before it was opened again. None while it is open."""
    if report.state != ReportState.CLOSED or report.closed_at is None:
        return None
    return results[-1] if results else None


def written_result(report: Report) -> ToldResult | None:
    """The last result that was written and not sent back, as everybody reads it once the report is closed with it."""
    closures = list(report.closures.filter(sent_back_at__isnull=True).order_by("pk"))
    led_to = report.consequences.filter(violation__isnull=False).select_related(*RELATED)
    results = told(report, closures, [one.violation for one in led_to if one.violation is not None])
    return results[-1] if results else None


def result_of(report: Report) -> ToldResult | None:
    """With what a report is closed now, as everybody reads it; for one that was divided, each of its parts under its number.

    Not a part that was closed before the reporter opened the whole again.
    """
    written = written_result(report)
    found = ending(report, [written] if written is not None else [])
    if found is None or report.last_event is None or report.last_event.move != "complete":
        return found
    parts = report.parts.select_related("merged_into", "last_event").order_by("pk")
    ends = [(part.number, queries.end_of(part)) for part in parts]
    again = report.events.filter(move__in=("reopen", "answer_late")).order_by("pk").last()
    ends = [(number, end) for number, end in ends if again is None or (end.closed_at is not None and end.closed_at >= again.at)]
    each = [(number, result) for number, end in ends if (result := result_of(end)) is not None]
    ar, en = ("\n".join(f"{number}: {result[place]}" for number, result in each) for place in (0, 1))
    return ToldResult(ar, en, found.closed_at) if each else found
