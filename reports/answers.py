"""What a reporter answered to the questions of the kind, for themselves and for staff; the public never reads it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from municipality.kernel import clock
from municipality.rulebook.report_categories import ReportQuestion
from municipality.ui.templatetags.portal import bilingual
from reports import queries
from reports.models import Report


def answers_of(report: Report) -> list[tuple[ReportQuestion, Any]]:
    """The questions that were asked when a report came, each with its answer in the active language.

    They stay when an inspector gives the report another category. A part has none of its own: the whole report has them.
    """
    if not report.answers:
        return []
    change = report.events.filter(move="recategorise").order_by("pk").first()
    before = change.data["before"] if change is not None else report.category
    asked = queries.rules(clock.day_of(report.received_at)).categories.get(before)
    questions = asked.questions if asked is not None else ()
    return [(question, _label(question, report.answers[question.code])) for question in questions if question.code in report.answers]


def _label(question: ReportQuestion, value: str) -> Any:
    option = next((one for one in question.options if one["code"] == value), None)
    if option is not None:
        return bilingual({"name_ar": option["ar"], "name_en": option["en"]}, "name")
    return {"yes": _("Yes"), "no": _("No")}.get(value, value)
