"""The clock of a promise: working minutes of Kuwait, standing still only while the applicant is waited for.

Nothing of it is counted up: due time and steps are worked out anew, each time, from the start, the pauses in the events of the
place, and the newest calendar. So a holiday announced late moves a running clock and an ended pause alike.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.jobs.services import enqueue
from municipality.kernel import clock as time
from municipality.kernel import worktime
from municipality.kernel.actors import system
from municipality.kernel.workflow import WORKFLOWS
from municipality.notifications.services import send
from municipality.review.models import Clock, Escalation, QueueEntryEvent
from municipality.review.notifications import Escalated, PromiseMoved
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Edition

SYSTEM = system("review")
LEVELS = ("escalation_1", "escalation_2", "escalation_3")


def promised_day(limits: Edition, given_at: dt.datetime | None = None) -> dt.date:
    """The day on which a promise given at an instant (now) ends, for the card of a service and for `open_case(due_on=…)`."""
    days = limits.limits["promise_working_days"].value
    return time.day_of(worktime.promise_ends(rulebook.calendar(), given_at or time.now(), days))


@transaction.atomic
def start(*, case: Case, limits: Edition) -> Clock:
    """Start the clock of a case that joins the queue, by the promise and the steps of an edition of limits."""
    clock = Clock(
        case=case,
        started_at=time.now(),
        promised_days=limits.limits["promise_working_days"].value,
        steps=[limits.limits[name].value for name in LEVELS],
    )
    _work_out(clock)
    clock.save(force_insert=True)
    return clock


@transaction.atomic
def pause(*, case: Case) -> None:
    """The applicant is waited for: no time runs. Called once the place has moved, whose event is the pause."""
    clock = Clock.objects.select_for_update().get(case=case)
    clock.paused_at = time.now()
    _work_out(clock)
    clock.save()


@transaction.atomic
def resume(*, case: Case) -> dt.date | None:
    """The applicant answered: time runs on. Returns the promised day that holds now."""
    clock = Clock.objects.select_for_update().get(case=case)
    clock.paused_at = None
    _work_out(clock)
    clock.save()
    return _day(clock)


@transaction.atomic
def stop(*, case: Case) -> None:
    """The study is over. Safe to call again."""
    Clock.objects.filter(case=case, stopped_at__isnull=True).update(stopped_at=time.now(), next_level_at=None)


def pauses(case: Case) -> list[worktime.Pause]:
    """When the applicant was waited for, from the events of the place; the last one without an end while it goes on."""
    found: list[worktime.Pause] = []
    events = QueueEntryEvent.objects.filter(subject__case=case).order_by("pk")
    for source, target, at in events.values_list("from_state", "to_state", "at"):
        if target == QueueEntryState.AWAY:
            found.append((at, None))
        elif source == QueueEntryState.AWAY and found:
            found[-1] = (found[-1][0], at)
    return found


def used_percent(clock: Clock, at: dt.datetime | None = None) -> int:
    """How much of the promise is used at an instant (now, or when the clock stopped)."""
    until = at or clock.stopped_at or time.now()
    calendar = rulebook.calendar()
    return worktime.used_share(calendar, clock.started_at, until, max(1, clock.promised_minutes), pauses(clock.case)) // 10


def recompute_all() -> int:
    """Work out every running clock that the newest calendar was not asked for yet; each in a transaction of its own.

    Whose promised day moves is told so. Returns how many moved. Safe to run again and to be interrupted.
    """
    stamp = rulebook.calendar().edition
    late = Clock.objects.filter(stopped_at__isnull=True).exclude(calendar=stamp).order_by("pk")
    return sum(_recompute(pk) for pk in late.values_list("pk", flat=True))


@transaction.atomic
def _recompute(pk: int) -> bool:
    case = _case_of(pk)
    clock = Clock.objects.select_for_update().get(pk=pk)
    calendar = rulebook.calendar()
    if clock.stopped_at is not None or clock.calendar == calendar.edition:
        return False
    before = _day(clock)
    _work_out(clock, calendar)
    clock.save()
    after = _day(clock)
    if after is None or after == before:
        return False
    move_promise(case, after)
    record("promise.moved", subject=case.key, actor=SYSTEM, data={"due_on": after.isoformat(), "calendar": calendar.edition})
    send(
        PromiseMoved,
        person=case.applicant,
        key=f"{case.public_id}:{calendar.edition}",
        subject_key=case.key,
        context={"case": case, "before_day": before, "after_day": after},
    )
    return True


def _case_of(clock_id: int) -> Case:
    """The case of a clock, locked before the clock is."""
    return Case.objects.select_for_update(of=("self",), no_key=True).select_related("applicant").get(clock=clock_id)


def move_promise(case: Case, day: dt.date) -> None:
    """Write another promised day on a case, by an event that leaves its state alone. Nothing for the same day."""
    if case.due_on == day:
        return
    moves = WORKFLOWS[case.service].moves.values()
    name = next(m.name for m in moves if m.name.startswith("move_promise") and case.state in m.sources)
    advance(case, name, actor=SYSTEM, due_on=day)


def escalate_due() -> int:
    """Promise an escalation for every clock whose next step has come; the same promise as often as this runs.

    Returns how many were due.
    """
    due = Clock.objects.filter(stopped_at__isnull=True, next_level_at__lte=time.now()).order_by("next_level_at", "pk")
    found = list(due.values_list("pk", "level", "next_level_at"))
    for pk, level, at in found:
        with transaction.atomic():
            enqueue("review.escalate", key=f"clock:{pk}:{level}:{at:%Y%m%dT%H%M%S}", clock_id=pk)
    return len(found)


@transaction.atomic
def escalate(*, clock_id: int) -> int:
    """Move one case up by as many levels as its clock has passed, each once. Returns how many; 0 where nothing is due."""
    case = _case_of(clock_id)
    clock = Clock.objects.select_for_update().get(pk=clock_id)
    now, calendar, reached = time.now(), rulebook.calendar(), 0
    while clock.stopped_at is None and clock.next_level_at is not None and clock.next_level_at <= now:
        used = worktime.used_share(calendar, clock.started_at, now, clock.promised_minutes, pauses(case)) // 10
        clock.level += 1
        Escalation.objects.create(case=case, level=clock.level, at=now, used_percent=used)
        record("case.escalated", subject=case.key, actor=SYSTEM, data={"level": clock.level, "used_percent": used})
        _work_out(clock, calendar)
        reached += 1
    if reached:
        clock.save()
        send(
            Escalated,
            person=case.applicant,
            key=f"{case.public_id}:{clock.level}",
            subject_key=case.key,
            context={"case": case, "level": clock.level, "due_on": case.due_on},
        )
    return reached


def _work_out(clock: Clock, calendar: worktime.Calendar | None = None) -> None:
    """Promise, pauses, due time and next step, as the calendar has them."""
    calendar = calendar or rulebook.calendar()
    paused = pauses(clock.case)
    clock.calendar = calendar.edition
    clock.promised_minutes = worktime.promised_minutes(calendar, clock.started_at, clock.promised_days)
    ended = [(begun, over) for begun, over in paused if over is not None]
    clock.paused_minutes = sum(worktime.working_minutes_between(calendar, begun, over) for begun, over in ended)
    waiting = clock.paused_at is not None
    clock.due_at = None if waiting else worktime.share_reached_at(calendar, clock.started_at, clock.promised_minutes, paused=paused)
    clock.next_level_at = None
    if not waiting and clock.level < len(clock.steps):
        clock.next_level_at = worktime.share_reached_at(
            calendar, clock.started_at, clock.promised_minutes, 10 * clock.steps[clock.level], paused
        )


def _day(clock: Clock) -> dt.date | None:
    return time.day_of(clock.due_at) if clock.due_at else None
