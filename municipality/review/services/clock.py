"""The clocks of promised processing times, in working minutes, paused while a case waits for the applicant.

Times are always computed from the start, the pauses in the events of the queue entry, and the newest calendar, so that a holiday that
is announced late changes running clocks and past pauses.
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
    """The promised day of a case that is opened at an instant (default: now)."""
    days = limits.limits["promise_working_days"].value
    return time.day_of(worktime.promise_ends(rulebook.calendar(), given_at or time.now(), days))


@transaction.atomic
def start(*, case: Case, limits: Edition) -> Clock:
    """Start the clock of a case, with the promise and the escalation steps of an edition of limits."""
    clock = Clock(
        case=case,
        started_at=time.now(),
        promised_days=limits.limits["promise_working_days"].value,
        steps=[limits.limits[name].value for name in LEVELS],
    )
    _update_times(clock)
    clock.save(force_insert=True)
    return clock


@transaction.atomic
def pause(*, case: Case) -> None:
    """Pause a clock while its case waits for the applicant. Call it after the move of the queue entry."""
    clock = Clock.objects.select_for_update().get(case=case)
    clock.paused_at = time.now()
    _update_times(clock)
    clock.save()


@transaction.atomic
def resume(*, case: Case) -> dt.date | None:
    """Resume a clock. Returns the promised day."""
    clock = Clock.objects.select_for_update().get(case=case)
    clock.paused_at = None
    _update_times(clock)
    clock.save()
    return _day(clock)


@transaction.atomic
def stop(*, case: Case) -> None:
    """Stop a clock. Idempotent."""
    Clock.objects.filter(case=case, stopped_at__isnull=True).update(stopped_at=time.now(), next_level_at=None)


def pauses(case: Case) -> list[worktime.Pause]:
    """The periods in which a case waited for the applicant, the last one possibly without an end."""
    result: list[worktime.Pause] = []
    events = QueueEntryEvent.objects.filter(subject__case=case).order_by("pk")
    for source, target, at in events.values_list("from_state", "to_state", "at"):
        if target == QueueEntryState.AWAY:
            result.append((at, None))
        elif source == QueueEntryState.AWAY and result:
            result[-1] = (result[-1][0], at)
    return result


def used_percent(clock: Clock, at: dt.datetime | None = None) -> int:
    """The used share of the promise in per cent, at an instant (default: when the clock stopped, or now)."""
    until = at or clock.stopped_at or time.now()
    calendar = rulebook.calendar()
    return worktime.used_share(calendar, clock.started_at, until, max(1, clock.promised_minutes), pauses(clock.case)) // 10


def recompute_all() -> int:
    """Update every running clock to the newest calendar, each in a transaction, and notify applicants whose promised day moves.

    Returns how many moved. Idempotent.
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
    _update_times(clock, calendar)
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
    """The case of a clock, locked (before the clock)."""
    return Case.objects.select_for_update(of=("self",), no_key=True).select_related("applicant").get(clock=clock_id)


def move_promise(case: Case, day: dt.date) -> None:
    """Change the promised day of a case, by an event that keeps its state."""
    if case.due_on == day:
        return
    moves = WORKFLOWS[case.service].moves.values()
    name = next(m.name for m in moves if m.name.startswith("move_promise") and case.state in m.sources)
    advance(case, name, actor=SYSTEM, due_on=day)


def escalate_due() -> int:
    """Enqueue an escalation, once, for every clock whose next step is due. Returns how many are due."""
    due = Clock.objects.filter(stopped_at__isnull=True, next_level_at__lte=time.now()).order_by("next_level_at", "pk")
    rows = list(due.values_list("pk", "level", "next_level_at"))
    for pk, level, at in rows:
        with transaction.atomic():
            enqueue("review.escalate", key=f"clock:{pk}:{level}:{at:%Y%m%dT%H%M%S}", clock_id=pk)
    return len(rows)


@transaction.atomic
def escalate(*, clock_id: int) -> int:
    """Escalate a case by all levels that its clock has passed. Returns how many."""
    case = _case_of(clock_id)
    clock = Clock.objects.select_for_update().get(pk=clock_id)
    clock.case = case
    now, calendar, reached = time.now(), rulebook.calendar(), 0
    while clock.stopped_at is None and clock.next_level_at is not None and clock.next_level_at <= now:
        used = used_percent(clock, now)
        clock.level += 1
        Escalation.objects.create(case=case, level=clock.level, at=now, used_percent=used)
        record("case.escalated", subject=case.key, actor=SYSTEM, data={"level": clock.level, "used_percent": used})
        _update_times(clock, calendar)
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


def _update_times(clock: Clock, calendar: worktime.Calendar | None = None) -> None:
    """Compute promise, pauses, due time and next escalation by a calendar (default: the newest)."""
    calendar = calendar or rulebook.calendar()
    all_pauses = pauses(clock.case)
    clock.calendar = calendar.edition
    clock.promised_minutes = worktime.promised_minutes(calendar, clock.started_at, clock.promised_days)
    ended_pauses = [(begin, end) for begin, end in all_pauses if end is not None]
    clock.paused_minutes = sum(worktime.working_minutes_between(calendar, begin, end) for begin, end in ended_pauses)
    waiting = clock.paused_at is not None
    clock.due_at = None if waiting else worktime.share_reached_at(calendar, clock.started_at, clock.promised_minutes, paused=all_pauses)
    clock.next_level_at = None
    if not waiting and clock.level < len(clock.steps):
        clock.next_level_at = worktime.share_reached_at(
            calendar, clock.started_at, clock.promised_minutes, 10 * clock.steps[clock.level], all_pauses
        )


def _day(clock: Clock) -> dt.date | None:
    return time.day_of(clock.due_at) if clock.due_at else None
