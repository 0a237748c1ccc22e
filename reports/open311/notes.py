"""The course of a report, as its public page tells it, in plain text."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.html import strip_tags

from municipality.ui.texts import Text
from reports.models import Report, ReportEvent
from reports.open311.service_list import named
from reports.public_page.chain import chain
from reports.public_page.steps import steps
from reports.results import ToldResult, ending, told
from reports.states import ReportState as R


@dataclass(frozen=True)
class CourseNote:
    at: dt.datetime
    code: str
    text: str


def notes_of(report: Report) -> list[CourseNote]:
    """What its public page tells, oldest first: steps, visit, what became of it. The report has its parts (`request_list.with_parts`)."""
    parts: Any = report
    acts = [act for one in parts.measures if one.violation is not None for act in one.violation.public_acts]
    happened = steps(report, parts.steps, _results(report), parts.bodies)
    found = chain(report, happened, parts.measures, acts, parts.shown_photos, parts.closed, report.people)
    return [CourseNote(link.at, link.code, _plain(link.title, link.text)) for link in found if link.at is not None]


def text_of(report: Report, step: ReportEvent) -> str:
    """What the course says of one of its steps."""
    parts: Any = report
    keys = [one.pk for one in parts.steps]
    return list(_lines(report))[keys.index(step.pk) + 1]


def _lines(report: Report) -> Iterator[str]:
    """The words of the receipt and of each step; what is still to come, which the page tells last, follows them."""
    parts: Any = report
    for line in steps(report, parts.steps, _results(report), parts.bodies):
        yield _plain(line["title"], line.get("note", ""))


def _plain(title: Text, note: Text) -> str:
    return html.unescape(strip_tags(": ".join(filter(None, (str(title), str(note))))))


def status_notes(report: Report) -> str:
    """The result of a closed report, else its state, with the body that acts or the report with which it is joined."""
    parts: Any = report
    result = ending(report, _results(report))
    if result is not None:
        return named(result, "text")
    state, into = str(report.get_state_display()), report.merged_into
    if report.state == R.HANDED_OVER and parts.bodies:
        return f"{state}: {named(parts.bodies[-1], 'name')}, {parts.bodies[-1].contact}"
    return f"{state}: {into.number}" if into is not None and into.hidden_at is None else state


def _results(report: Report) -> list[ToldResult]:
    parts: Any = report
    return told(report, parts.closed, [one.violation for one in parts.measures if one.violation is not None])
