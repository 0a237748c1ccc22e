"""Reliability goals A6 and A7 at their size with CHAOS_FULL=1; the suite has a small run of each, and a thousand cases in
`tests/municipality/review/test_simulation.py`."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from municipality.jobs import services as jobs
from municipality.jobs.models import Job
from municipality.kernel import clock, worktime
from municipality.notifications.models import Message
from municipality.review import invariants, out_of_turn, replay
from municipality.review.models import Assignment, Clock, Escalation, QueueEntry
from municipality.review.services import case_clock
from municipality.rulebook import queries as rulebook
from tests.conftest import Clock as Frozen
from tests.municipality.review import permits, simulation
from tests.municipality.review.permits import Office, furnish

FULL = os.environ.get("CHAOS_FULL") == "1"
CASES, IDLE = (10_000, 1_000) if FULL else (90, 20)
SEED = int(os.environ.get("QUEUE_SEED", "1"))
pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(0 if FULL else 900)]
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def office(db: None, frozen_clock: Frozen) -> Iterator[Office]:
    with permits.offered():
        yield furnish()


def test_nobody_is_overtaken(office: Office, frozen_clock: Frozen) -> None:
    happened: Counter[str] = Counter()
    for number, code in enumerate(("KU", "JA", "FA")):
        branch = simulation.furnish(code, 10, 100 * SEED + number, giver=office.supervisor)
        happened += simulation.run(branch, CASES // 3 + 1)
        frozen_clock.set(branch.now)
    overtaken = sum(len(row.overtaken) for row in replay.assignments() if not row.overridden)
    print(dict(happened), "assignments:", Assignment.objects.count(), "overtaken:", overtaken)
    assert overtaken == 0 and list(out_of_turn.inversions()) == []
    assert [line for line in invariants.findings() if "moved up" not in line] == []
    assert QueueEntry.objects.filter(state="left").count() >= 0.9 * CASES
    # Every case that was taken before its turn stands in the public list.
    passed: dict[int, int] = {}
    for row in replay.assignments():
        if row.overtaken:
            passed.setdefault(row.place, len(row.overtaken))
    told = {line.number: line.overtaken for line in out_of_turn.published_overrides(limit=CASES)}
    assert passed and passed.items() <= told.items()


def test_every_idle_case_moves_up_on_time_three_times_and_never_twice(office: Office, frozen_clock: Frozen) -> None:
    die, calendar = random.Random(SEED), rulebook.calendar()
    for _ in range(IDLE):
        frozen_clock.move(minutes=die.randint(1, 9))
        permits.sent(office.applicant)
    simulation.count_rows()
    while (soonest := Clock.objects.filter(next_level_at__isnull=False).order_by("next_level_at").first()) is not None:
        assert soonest.next_level_at is not None
        # The sweep comes at the next full minute, twice; each job is carried out twice, as after a lost worker.
        frozen_clock.set(max(clock.now(), soonest.next_level_at.replace(second=0, microsecond=0) + MINUTE))
        case_clock.escalate_due()
        case_clock.escalate_due()
        for job in Job.objects.filter(kind="review.escalate", state="queued"):
            jobs.run(job.pk)
            case_clock.escalate(clock_id=job.args["clock_id"])
    assert Escalation.objects.count() == 3 * IDLE
    assert Message.objects.filter(kind="review.escalated").count() == 3 * IDLE
    for escalation in Escalation.objects.select_related("case__clock"):
        running = escalation.case.clock
        share = (1000, 1250, 1500)[escalation.level - 1]
        at = worktime.share_reached_at(calendar, running.started_at, running.promised_minutes, share)
        assert at is not None and dt.timedelta(0) <= escalation.at - at <= MINUTE
    assert [line for line in invariants.findings() if "place" not in line] == []
