"""A question of the inspector to the reporter, its answer in time, none, or one that comes later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.incidents import queries as incidents
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.actors import VISITOR
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from municipality.uploads.states import UploadState
from reports import deadlines, promises, queries
from reports.models import Closure, PhotoKind, Question, Report
from reports.photos import services as photos
from reports.reporters import notifications
from reports.reporters import services as reporters
from reports.results import NO_ANSWER, is_unanswered
from reports.states import ReportState
from reports.triage.services import joins, rows
from reports.triage.services.rows import SYSTEM

LONGEST = 1000  # characters of a question
LONGEST_ANSWER = 2000
NOT_REACHABLE = _(
    "The reporter cannot be asked: they left neither an account nor a confirmed phone number. Decide by what is at the place."
)


@transaction.atomic
def ask(*, report: Report, inspector: User, text: str) -> Question:
    """Ask the reporter. Raises NotPermitted, Refused: text_missing, too_long, no_reporter, not_reachable, and TransitionRefused."""
    row = rows.of_inspector(report, inspector)
    if not text.strip():
        raise Refused("text_missing", _("Write the question."))
    if row.parent_id is not None:
        raise Refused("no_reporter", _("Nobody can be asked about a part of a divided report. Decide by what is at the place."))
    if not reporters.is_reachable(row):
        raise Refused("not_reachable", NOT_REACHABLE)
    actor, now = actor_of(inspector, "inspector"), clock.now()
    due_on = clock.today() + dt.timedelta(days=queries.limits()["answer_days"])
    question = Question.objects.create(report=row, text=_short(text, LONGEST), asked_by=inspector, asked_at=now, due_on=due_on)
    transition(row, "ask", actor=actor, data={"until": due_on.isoformat()}, updated_at=now)
    record("report.asked", subject=row.subject_key, actor=actor, data={"question": question.public_id, "until": due_on.isoformat()})
    notifications.tell(row, "asked", question=question, until=due_on)
    return question


def can_ask(report: Report) -> bool:
    """Whether somebody would learn of a question: nobody of a part of a divided report, which has no reporter of its own."""
    return report.parent_id is None and reporters.is_reachable(report)


@transaction.atomic
def answer(report: Report, text: str, files: Sequence[UploadedFile] = ()) -> Question:
    """The answer of the reporter, whom the caller has recognised.

    One that comes after its day opens a closed report again, and takes back the result "no answer" that waits for a signature.

    Raises Refused: text_missing, too_long, not_asked, and those of a photo.
    """
    row = rows.locked(report)
    question = row.questions.order_by("pk").last()
    if question is None or question.answered_at is not None or row.state not in (*_WAIT, ReportState.COUNTERSIGN, ReportState.CLOSED):
        raise Refused("not_asked", _("No question is open on this report. It may have been answered already."))
    is_late, waits = row.state == ReportState.CLOSED, row.state == ReportState.COUNTERSIGN
    if (is_late or waits) and not is_unanswered(row):
        raise Refused("not_asked", _("A result is written for this report. If the problem is still there after it is closed, say so."))
    if not text.strip():
        raise Refused("text_missing", _("Write an answer."))
    now = clock.now()
    question.answer, question.answered_at = _short(text, LONGEST_ANSWER), now
    question.save(update_fields=["answer", "answered_at"])
    for file in files:
        photo = photos.add(row, PhotoKind.ANSWER, file)
        if photo.upload.state == UploadState.REFUSED:  # by its first bytes, such as a photo in HEIC; nobody could see it
            raise photos.refusal_of(photo)
    if waits:
        # That result alone: one from before the report was opened again stands, and with it who does not get the report again.
        row.closures.filter(code=NO_ANSWER, signed_by__isnull=True, sent_back_at__isnull=True).update(sent_back_at=now)
    if waits or row.state == ReportState.ASKED:
        transition(row, "answer", actor=VISITOR, updated_at=now)
    elif is_late:
        data, due_at = promises.missed(row), promises.promised_again(row, queries.limits())
        transition(row, "answer_late", actor=VISITOR, data=data, due_at=due_at, closed_at=None, updated_at=now)
        rows.have_drawn(row)
        joins.reopen_parents(row)
    record("report.answered", subject=row.subject_key, actor=VISITOR, data={"question": question.public_id, "is_late": is_late})
    return question


def _short(text: str, most: int) -> str:
    """A text of at most so many characters; nothing is cut off in silence."""
    if len(text.strip()) > most:
        raise Refused("too_long", _("The text is too long. Shorten it to %(most)s characters.") % {"most": most})
    return text.strip()


_WAIT = (ReportState.ASKED, ReportState.ASSIGNED)  # assigned: the inspector went on without it


def end_unanswered() -> int:
    """End questions that were not answered in time. Returns how many; none while deadlines may still move because of an incident.

    As the rulebook says (`unanswered_closes`), closing for want of an answer waits for a supervisor's signature, or the inspector goes on.
    """
    if incidents.are_held():
        return 0
    due = deadlines.overdue_questions().filter(report__state=ReportState.ASKED)
    return sweeps.for_each("reports.unanswered", due.order_by("pk").values_list("report", flat=True), _end)


def _end(pk: int) -> bool:
    row, now = rows.locked(Report(pk=pk)), clock.now()
    question = deadlines.overdue_questions().filter(report=row).first()
    if row.state != ReportState.ASKED or question is None:
        return False
    question.ended_at = now
    question.save(update_fields=["ended_at"])
    is_proposed = bool(queries.limits()["unanswered_closes"])
    if is_proposed:
        result = rows.written_by_portal(NO_ANSWER)
        texts = {"code": result.code, "text_ar": result.text_ar, "text_en": result.text_en}
        assert row.inspector is not None  # noqa: S101 - who asked
        Closure.objects.create(report=row, closed_by=row.inspector, closed_at=now, is_on_the_spot=False, **texts)
    transition(row, "propose_unanswered" if is_proposed else "go_on", actor=SYSTEM, updated_at=now)
    data = {"question": question.public_id, "proposed": is_proposed}
    record("report.unanswered", subject=row.subject_key, actor=SYSTEM, data=data)
    return True
