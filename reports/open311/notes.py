"""The course of a report, as its public page tells it, in plain text."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.html import strip_tags

from reports.models import Report, ReportEvent
from reports.open311.service_list import named
from reports.public_page.steps import steps
from reports.results import ToldResult, ending, told
from reports.states import ReportState as R


@dataclass(frozen=True)
class CourseNote:
    at: dt.datetime
    code: str
    text: str


def notes_of(report: Report) -> list[CourseNote]:
    """Its receipt and each step, oldest first. The report has its parts (`request_list.with_parts`)."""
    parts: Any = report
    codes = ["received", *(step.move for step in parts.steps)]
    return [CourseNote(at, code, text) for code, (at, text) in zip(codes, _lines(report), strict=False)]


def text_of(report: Report, step: ReportEvent) -> str:
    """What the course says of one of its steps."""
    parts: Any = report
    keys = [one.pk for one in parts.steps]
    return list(_lines(report))[keys.index(step.pk) + 1][1]


def _lines(report: Report) -> Iterator[tuple[dt.datetime, str]]:
    """Time and words of the receipt and of each step; what is still to come, which the page tells last, has no code."""
    parts: Any = report
    for line in steps(report, parts.steps, _results(report), parts.bodies):
        words = [str(line["title"]), str(line.get("note", ""))]
        yield line["at"], html.unescape(strip_tags(": ".join(filter(None, words))))


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
    return told(report, parts.closed, [one.violation for one in parts.measures])
