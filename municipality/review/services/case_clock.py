"""The clocks of promised processing times, in working minutes, paused while a case waits for the applicant.

Times are always computed from the start, the pauses in the events of the queue entry, and the newest calendar, so that a holiday that
is announced late changes running clocks and past pauses.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from municipality.accounts.models import User
from municipality.accounts.queries import auditors, supervisors_of
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.jobs.services import enqueue
from municipality.kernel import clock, worktime
from municipality.kernel.actors import system
from municipality.kernel.workflow import WORKFLOWS
from municipality.notifications.services import send
from municipality.review.models import Clock, Escalation, QueueEntryEvent
from municipality.review.notifications import Escalated, EscalatedToStaff, PromiseMoved
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition

SYSTEM = system("review")
LEVELS = ("escalation_1", "escalation_2", "escalation_3")


def promised_day(limits: RulebookEdition, given_at: dt.datetime | None = None) -> dt.date:
    """The promised day of a case that is opened at an instant (default: now)."""
    days = limits.limits["promise_working_days"].value
    return clock.day_of(worktime.promise_ends(rulebook.calendar(), given_at or clock.now(), days))


@transaction.atomic
def start(*, case: Case, limits: RulebookEdition) -> Clock:
    """Start the clock of a case, with the promise and the escalation steps of an edition of limits."""
    row = Clock(
        case=case,
        started_at=clock.now(),
        promised_days=limits.limits["promise_working_days"].value,
        steps=[limits.limits[name].value for name in LEVELS],
    )
    _update_times(row)
    row.save(force_insert=True)
    return row


@transaction.atomic
def pause(*, case: Case) -> None:
    """Pause a clock while its case waits for the applicant. Call it after the move of the queue entry."""
    row = Clock.objects.select_for_update().get(case=case)
    row.paused_at = clock.now()
    _update_times(row)
    row.save()


@transaction.atomic
def resume(*, case: Case) -> dt.date | None:
    """Resume a clock. Returns the promised day."""
    row = Clock.objects.select_for_update().get(case=case)
    row.paused_at = None
    _update_times(row)
    row.save()
    return _day(row)


@transaction.atomic
def stop(*, case: Case) -> None:
    """Stop a clock. Idempotent."""
    Clock.objects.filter(case=case, stopped_at__isnull=True).update(stopped_at=clock.now(), next_level_at=None)


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


def used_percent(row: Clock, at: dt.datetime | None = None) -> int:
    """The used share of the promise in per cent, at an instant (default: when the clock stopped, or now)."""
    until = at or row.stopped_at or clock.now()
    calendar = rulebook.calendar()
    return worktime.used_share(calendar, row.started_at, until, max(1, row.promised_minutes), pauses(row.case)) // 10


def running() -> int:
    """How many clocks a new calendar recomputes: those of open cases."""
    return Clock.objects.filter(stopped_at__isnull=True).count()


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
    row = Clock.objects.select_for_update().get(pk=pk)
    calendar = rulebook.calendar()
    if row.stopped_at is not None or row.calendar == calendar.edition:
        return False
    before = _day(row)
    _update_times(row, calendar)
    row.save()
    after = _day(row)
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
    due = Clock.objects.filter(stopped_at__isnull=True, next_level_at__lte=clock.now()).order_by("next_level_at", "pk")
    rows = list(due.values_list("pk", "level", "next_level_at"))
    for pk, level, at in rows:
        with transaction.atomic():
            enqueue("review.escalate", key=f"clock:{pk}:{level}:{at:%Y%m%dT%H%M%S}", clock_id=pk)
    return len(rows)


@transaction.atomic
def escalate(*, clock_id: int) -> int:
    """Escalate a case by all levels that its clock has passed, and tell its applicant and staff. Returns how many."""
    case = _case_of(clock_id)
    row = Clock.objects.select_for_update().get(pk=clock_id)
    row.case = case
    now, calendar, reached = clock.now(), rulebook.calendar(), 0
    while row.stopped_at is None and row.next_level_at is not None and row.next_level_at <= now:
        used = used_percent(row, now)
        row.level += 1
        Escalation.objects.create(case=case, level=row.level, at=now, used_percent=used)
        record("case.escalated", subject=case.key, actor=SYSTEM, data={"level": row.level, "used_percent": used})
        _update_times(row, calendar)
        reached += 1
    if reached:
        row.save()
        send(
            Escalated,
            person=case.applicant,
            key=f"{case.public_id}:{row.level}",
            subject_key=case.key,
            context={"case": case, "level": row.level, "due_on": case.due_on},
        )
        for person in _told(case, row.level):
            send(
                EscalatedToStaff,
                person=person,
                key=f"{case.public_id}:{row.level}",
                subject_key=case.key,
                context={"case": case, "branch": case.branch, "level": row.level, "due_on": case.due_on},
            )
    return reached


def _told(case: Case, level: int) -> list[User]:
    """Whom an escalation tells: the supervisors of the branch; from level 2, or where the branch has none, also the auditors."""
    supervisors = list(supervisors_of(case.branch_id))
    return supervisors if level == 1 and supervisors else [*supervisors, *auditors()]


def _update_times(row: Clock, calendar: worktime.Calendar | None = None) -> None:
    """Compute promise, pauses, due time and next escalation by a calendar (default: the newest)."""
    calendar = calendar or rulebook.calendar()
    all_pauses = pauses(row.case)
    row.calendar = calendar.edition
    row.promised_minutes = worktime.promised_minutes(calendar, row.started_at, row.promised_days)
    ended_pauses = [(begin, end) for begin, end in all_pauses if end is not None]
    row.paused_minutes = sum(worktime.working_minutes_between(calendar, begin, end) for begin, end in ended_pauses)
    waiting = row.paused_at is not None
    row.due_at = None if waiting else worktime.share_reached_at(calendar, row.started_at, row.promised_minutes, paused=all_pauses)
    row.next_level_at = None
    if not waiting and row.level < len(row.steps):
        row.next_level_at = worktime.share_reached_at(calendar, row.started_at, row.promised_minutes, 10 * row.steps[row.level], all_pauses)


def _day(row: Clock) -> dt.date | None:
    return clock.day_of(row.due_at) if row.due_at else None
