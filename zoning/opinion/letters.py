"""The letters to consulted bodies: whether each has left, and until when its body may answer."""

from __future__ import annotations

import datetime as dt

from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast

from municipality.kernel import clock, worktime
from municipality.notifications.letters import RETURNED
from municipality.notifications.models import Letter
from municipality.rulebook import queries as rulebook
from zoning.models import Consultation
from zoning.opinion.notifications import ConsultationLetter


def with_letters(rows: QuerySet[Consultation]) -> QuerySet[Consultation]:
    """Each body with `letter` (public id of the letter to it), `letter_state`, `letter_reason` and `letter_sent_at`, when it left; None
    without one."""
    written = Letter.objects.filter(kind=ConsultationLetter.kind, key=Cast(OuterRef("pk"), CharField()))
    columns = {"letter": "public_id", "letter_state": "state", "letter_reason": "reason", "letter_sent_at": "sent_at"}
    return rows.annotate(**{name: Subquery(written.values(column)) for name, column in columns.items()})


def unsent(row: Consultation) -> str:
    """The public id of the letter to a body of `with_letters` that still lies here, so that the body knows of no question; else empty."""
    return getattr(row, "letter", None) or "" if getattr(row, "letter_sent_at", None) is None else ""


def came_back(row: Consultation) -> bool:
    """Whether the letter to a body of `with_letters` was sent and came back."""
    return getattr(row, "letter_reason", None) == RETURNED


def answers_until(row: Consultation) -> dt.datetime | None:
    """The end of the time of a body of `with_letters`: its working days, counted from the moment the letter left; None before that.

    How many they are is counted by the calendar of the day on which it was asked; a holiday announced since then is none of them. It is
    never before `due_at`, which the letter names, also where a holiday was taken back since then.
    """
    if unsent(row):
        return None
    sent_at = getattr(row, "letter_sent_at", None)
    if sent_at is None:
        return row.due_at
    days = worktime.working_days_between(rulebook.calendar_at(row.asked_at), clock.day_of(row.asked_at), clock.day_of(row.due_at))
    return max(row.due_at, worktime.promise_ends(rulebook.calendar(), sent_at, days))
