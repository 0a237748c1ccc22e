"""A visit of the drawn inspector: what would be recorded, and its result, exactly once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from licensing.inspections import queries, questions
from licensing.inspections.draws import able
from licensing.inspections.notifications import InspectionFailed, InspectionOrdered, InspectionPassed, tell
from licensing.inspections.questions import GivenAnswer
from licensing.inspections.registry import INSPECTED
from licensing.inspections.services.orders import lock_request, parties_of
from licensing.inspections.states import MOST_MISSES, InspectionState
from licensing.models import Inspection, InspectionVisit, VisitOutcome
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.fieldwork import services as fieldwork
from municipality.fieldwork.models import Visit
from municipality.kernel import clock, worktime
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.rulebook import queries as rulebook
from municipality.ui.texts import Text

MAX_CLOCK_LEAD = dt.timedelta(minutes=5)  # of the clock of a device
SLOT = "visit"  # of the photos
_SALT = "licensing.inspection"


@dataclass(frozen=True)
class VisitFindings:
    """What an inspector found: answers, or nobody there."""

    sent: fieldwork.SentVisit
    is_nobody: bool
    answers: Sequence[GivenAnswer] = ()
    note: str = ""


@dataclass(frozen=True)
class InspectionResult:
    """What is recorded for it. `is_final`: nobody there for the last time, or a result."""

    outcome: VisitOutcome
    failing: Sequence[GivenAnswer]
    advice: Sequence[GivenAnswer]
    is_final: bool

    @property
    def shown(self) -> list[str]:
        return [str(self.outcome), *(answer.rule.code for answer in self.failing)]


def assess(*, inspection: Inspection, inspector: User, found: VisitFindings) -> InspectionResult:
    """Assess what was found; writes nothing.

    Raises NotPermitted: not_drawn, not_able; Refused: not_appointed, from_the_future, too_late, too_early, other_day, unanswered, unasked.
    """
    if inspection.inspector_id != inspector.pk:
        raise NotPermitted("not_drawn", _("Another inspector was drawn for this place."))
    if inspection.state != InspectionState.APPOINTED or inspection.day is None:
        raise Refused("not_appointed", _("This inspection has no appointment now: its result is recorded already, or its day is not set."))
    parties = parties_of(inspection.contact, inspection.shop, inspection.case)
    if not able(is_womens=inspection.activity.is_womens, parties=parties, on=None).filter(pk=inspector.pk).exists():
        raise NotPermitted("not_able", _("You may not inspect this place now. The portal draws another inspector."))
    _require_time(inspection.day, found)
    if found.is_nobody:
        is_last = inspection.misses + 1 >= MOST_MISSES
        return InspectionResult(VisitOutcome.NOBODY, (), (), is_last)
    _require_answers(inspection, found.answers)
    failing = questions.failing(found.answers)
    outcome = VisitOutcome.FAILED if failing else VisitOutcome.PASSED
    return InspectionResult(outcome, failing, questions.advice(found.answers), is_final=True)


def _require_time(day: dt.date, found: VisitFindings) -> None:
    now, seen_at = clock.now(), found.sent.started_at
    seen_on = clock.day_of(seen_at)
    if seen_at > now + MAX_CLOCK_LEAD:
        raise Refused("from_the_future", _("The time of what was seen lies ahead. Please set the clock of the device and send it again."))
    if seen_at < now - dt.timedelta(hours=queries.limits()["late_report_hours"]):
        raise Refused("too_late", _("This visit is too old to be sent from the field. Please inspect the place again."))
    if seen_on < day:
        raise Refused("too_early", _("The appointment is on a later day. The owner counts on that day."))
    if found.is_nobody and seen_on != day:
        raise Refused("other_day", _("Nobody has to be there on another day than the appointed one. Move the appointment with a reason."))


def put_right_by(inspection: Inspection) -> dt.date:
    """The last day to put right what an inspection of today does not pass for: not after its request has closed."""
    until = clock.today() + dt.timedelta(days=queries.limits()["put_right_days"])
    return min(until, queries.closes_after(inspection) or until)


def _require_answers(inspection: Inspection, answers: Sequence[GivenAnswer]) -> None:
    given = {answer.rule.pk for answer in answers}
    wanted = {rule.pk for rule in questions.asked(inspection)}
    if wanted - given:
        raise Refused("unanswered", _("Answer every question of the checklist."))
    more = {rule.pk for rule in questions.others(inspection)}
    if given - wanted - more or any(answer.rule.pk in more and not answer.note for answer in answers):
        raise Refused("unasked", _("What did not fail before is answered with a reason only."))


def confirmation(assessment: InspectionResult, *, inspection: Inspection, inspector: User, found: VisitFindings) -> str:
    """The signed value that says that an inspector was shown an assessment; the server alone can make it."""
    return signing.dumps(_shown(assessment, inspection, inspector, found), salt=_SALT)


def _shown(assessment: InspectionResult, inspection: Inspection, inspector: User, found: VisitFindings) -> list[str]:
    return [str(inspector.pk), found.sent.key, inspection.public_id, *assessment.shown]


def record_visit(*, inspection: Inspection, inspector: User, found: VisitFindings, confirmed: str) -> tuple[InspectionVisit, bool]:
    """Record a visit and its result, once for its key. Returns the visit and whether it is new.

    The owner is told, and the request of the inspection goes on, in the same transaction. Raises as `assess`, ConfirmationNeeded where
    something else was confirmed, and Refused("sent_differently").
    """
    message = _("Another visit was sent under this key. Reload the page and fill it in again.")

    def write(visit: Visit) -> InspectionVisit:
        lock_request(inspection)
        rows = Inspection.objects.select_for_update(of=("self",)).select_related(*queries.RELATED)
        row = rows.get(pk=inspection.pk)
        assessment = assess(inspection=row, inspector=inspector, found=found)
        _require_confirmed(confirmed, _shown(assessment, row, inspector, found))
        return _record(row, inspector, found, assessment, visit)

    try:
        visit, made = fieldwork.receive(sender=inspector, sent=found.sent, write=write)
    except fieldwork.VisitConflict as error:
        raise Refused("sent_differently", message) from error
    if made is not None:
        return made, True
    known = InspectionVisit.objects.select_related("inspection").filter(visit=visit, inspection=inspection).first()
    if known is None:
        raise Refused("sent_differently", message)
    return known, False


def _require_confirmed(confirmed: str, shown: list[str]) -> None:
    try:
        value = signing.loads(confirmed, salt=_SALT)
    except signing.BadSignature:
        value = None
    if value != shown:
        raise fieldwork.ConfirmationNeeded(_("Nothing was recorded yet. Please check the result, and confirm it."))


def _record(row: Inspection, inspector: User, found: VisitFindings, assessment: InspectionResult, visit: Visit) -> InspectionVisit:
    actor, now, outcome = actor_of(inspector, "inspector"), clock.now(), assessment.outcome
    questions.write(row, found.answers if outcome != VisitOutcome.NOBODY else (), by_owner=False)
    made = InspectionVisit.objects.create(inspection=row, visit=visit, outcome=outcome, note=found.note)
    data: dict[str, Any] = {"visit": visit.key, "codes": [answer.rule.code for answer in assessment.failing]}
    if not assessment.is_final:
        until = worktime.add_working_days(rulebook.calendar(), clock.today(), queries.limits()["choose_days"])
        transition(row, "miss", actor=actor, data=data, day=None, part="", misses=row.misses + 1, choose_by=until)
        context = {"inspection": row, "until": until}
        tell(InspectionOrdered, row, key=f"{row.public_id}:{row.misses}", context=context)
    elif outcome == VisitOutcome.PASSED:
        transition(row, "pass", actor=actor, data=data, ended_at=now)
        tell(InspectionPassed, row, key=row.public_id, context={"inspection": row})
    else:
        until = put_right_by(row)
        misses = row.misses + (outcome == VisitOutcome.NOBODY)
        transition(row, "fail", actor=actor, data=data, ended_at=now, put_right_by=until, misses=misses)
        context = {"inspection": row, "until": until, "count": len(assessment.failing)}
        tell(InspectionFailed, row, key=row.public_id, context=context)
    record("inspection.visited", subject=row.key, actor=actor, data={"outcome": str(outcome), **data})
    if assessment.is_final and row.case is not None and row.case.service in INSPECTED:
        INSPECTED[row.case.service](row)
    return made


def add_photos(*, made: InspectionVisit, sender: User, photos: Mapping[str, Sequence[tuple[UploadedFile, dt.datetime]]]) -> list[Text]:
    """Save the photos of a visit by the code of their question. Returns the sentences of refusals. Raises FileRefused("no_room")."""
    refused: list[Text] = []
    for code, files in photos.items():
        for file, taken_at in files:
            _new, problems = fieldwork.add_evidence(
                visit=made.visit,
                subject=f"visited:{made.inspection.public_id}",
                slot=SLOT,
                kind=code,
                files=[file],
                captured_at=taken_at,
                sender=sender,
                actor=actor_of(sender, "inspector"),
            )
            refused += problems
    return refused
