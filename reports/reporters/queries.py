"""The reports of a person, what they have to do about them, and who of the Municipality looked at who they are."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.access_log import AccessEntry, access_entries
from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry
from municipality.cases.obligations import Duty, Obligation
from municipality.incidents import queries as incidents
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import Text
from reports import deadlines, queries
from reports.models import Closure, Question, Report
from reports.models.reporter import Reporter
from reports.results import NO_ANSWER
from reports.states import ReportState

MAX_LISTED = 50
MOST_MOVED = 31  # days by which a deadline may have moved: some days, with holidays between
_LAST = {"closure": "pk", "result": "code", "answered": "answers"}  # of the last result
R = ReportState


def of_person(person: User) -> QuerySet[Report]:
    """The reports that a person sent while signed in, until their part of it is deleted."""
    return Report.objects.filter(pk__in=Reporter.objects.filter(person=person).values("report"))


def other_lists(user: User) -> list[tuple[Text, str]]:
    """The link from their requests to the reports of a person who sent any."""
    return [(_("My reports"), reverse("reports:my_reports"))] if of_person(user).exists() else []


def is_named(report: Report) -> bool:
    """Whether an account or a phone number stands behind a report."""
    return Reporter.objects.filter(report=report).exclude(person=None, phone_digest="").exists()


def obligations(user: User) -> list[Obligation]:
    """Questions that wait for an answer, and results of which the person may say whether they solved it; one query."""
    try:
        days = queries.limits()["solved_days"]
    except Refused:  # before the first edition
        return []
    asked = Question.objects.filter(report=OuterRef("pk"), answered_at__isnull=True, ended_at__isnull=True)
    results = Closure.objects.filter(report=OuterRef("pk"), sent_back_at__isnull=True).order_by("-pk")
    since = clock.now() - dt.timedelta(days=days + 1 + (MOST_MOVED if incidents.may_have_moved(clock.today()) else 0))
    rows = of_person(user).filter(Q(state=R.ASKED) | Q(state=R.CLOSED, closed_at__gte=since))
    last = {name: Subquery(results.values(column)[:1]) for name, column in _LAST.items()}
    rows = rows.annotate(until=Subquery(asked.values("due_on")[:1]), asked=Subquery(asked.values("pk")[:1]), **last)
    listed: list[Any] = list(rows.order_by("pk")[:MAX_LISTED])
    answer = incidents.as_moved(
        deadlines.QUESTION, {row.asked: row.until for row in listed if row.state == R.ASKED and row.until is not None}
    )
    judged = (row for row in listed if row.state == R.CLOSED and row.result not in (None, NO_ANSWER) and row.answered is None)
    say = deadlines.solved_until({row.closure: row.closed_at for row in judged})
    found = (_obligation(row, answer.get(row.asked) if row.state == R.ASKED else say.get(row.closure)) for row in listed)
    return [obligation for obligation in found if obligation is not None]


def _obligation(row: Report, until: dt.date | None) -> Obligation | None:
    is_asked = row.state == R.ASKED
    if until is None or (not is_asked and until < clock.today()):
        return None
    return Obligation(
        code="answer_report" if is_asked else "say_solved",
        key=row.subject_key,
        duty=Duty.MUST if is_asked else Duty.OFFER,
        title=_("The inspector waits for an answer about a report") if is_asked else _("Saying whether a report is solved"),
        task=_("Answer a question about a report") if is_asked else _("Say whether a report is solved"),
        action=_("Answer") if is_asked else _("See the result"),
        url=reverse("reports:mine", args=[row.public_id]),
        about=bilingual(row.category_facts, "name"),
        reference=row.number,
        until=until,
        stops_nothing=not is_asked,
    )


def reporter_key(report: Report) -> str:
    """Whose data a look at the reporter is logged under: no key of a person, so that the log does not say who reported."""
    return f"reporter:{report.public_id}"


def looks(report: Report) -> list[AccessEntry]:
    """Who of the Municipality looked at who reported, the newest first; two queries."""
    rows = AccessLogEntry.objects.filter(person_key=reporter_key(report)).order_by("-pk")
    return access_entries(list(rows[:MAX_LISTED]))
