"""Replays the events of the queue, to check that every assignment was in order."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from municipality.accounts.models import User
from municipality.review.models import ConflictOfInterest, Override, Party, QueueEntry, QueueEntryEvent, Skill
from municipality.review.states import QueueEntryState

_NO_END = dt.datetime.max.replace(tzinfo=dt.UTC)
Period = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True)
class ReplayedAssignment:
    """One assignment, as replayed. `overtaken` are the lower numbers that waited and that the officer could have decided."""

    event: int
    place: int
    officer_key: str
    overtaken: tuple[int, ...]
    overridden: bool


def assignments() -> Iterator[ReplayedAssignment]:
    """All assignments in the order of their events.

    Numbers are given under the lock under which cases are assigned, so a lower number was in the queue before a higher one. At the
    exact instant of a change a skill does not count yet, and a conflict still counts.
    """
    queues = {pk: (branch, skill) for pk, branch, skill in QueueEntry.objects.values_list("pk", "branch_id", "skill")}
    waiting: dict[tuple[str, str], list[int]] = defaultdict(list)
    for pk, queue in sorted(queues.items()):
        waiting[queue].append(pk)
    cases = dict(QueueEntry.objects.values_list("pk", "case_id"))
    keys: dict[int, set[str]] = defaultdict(set)
    for case, key in Party.objects.values_list("case_id", "key"):
        keys[case].add(key)
    skills = _periods(Skill.objects.values_list("officer_id", "code", "given_at", "ended_at"))
    conflicts = _periods(ConflictOfInterest.objects.values_list("officer_id", "party_key", "declared_at", "ended_at"))
    allowed = {o.place_id: o.allowed_at or _NO_END for o in Override.objects.filter(allowed_at__isnull=False)}
    events = QueueEntryEvent.objects.order_by("pk").values_list("pk", "subject_id", "move", "from_state", "to_state", "at", "actor_key")
    for pk, number, move, source, target, at, officer in events.iterator(chunk_size=5000):
        numbers = waiting[queues[number]]
        if move == "draw":
            branch = queues[number][0]
            codes = [code for code, periods in skills[officer].items() if any(a < at < b for a, b in periods)]
            conflict_keys = {key for key, periods in conflicts[officer].items() if any(a <= at <= b for a, b in periods)}
            overtaken = [n for code in codes for n in _below(waiting[branch, code], number) if not keys[cases[n]] & conflict_keys]
            yield ReplayedAssignment(pk, number, officer, tuple(sorted(overtaken)), number in allowed and allowed[number] <= at)
        if source == QueueEntryState.WAITING:
            index = bisect_left(numbers, number)
            if index < len(numbers) and numbers[index] == number:
                del numbers[index]
        if target == QueueEntryState.WAITING:
            insort(numbers, number)


def _below(numbers: list[int], number: int) -> list[int]:
    return numbers[: bisect_left(numbers, number)]


def _periods(rows: Iterable[tuple[int, str, dt.datetime, dt.datetime | None]]) -> dict[str, dict[str, list[Period]]]:
    """Periods by key of the officer and by code or key, from rows of (officer id, code or key, start, end)."""
    keys = {pk: f"staff:{public_id}" for pk, public_id in User.objects.filter(is_staff=True).values_list("pk", "public_id")}
    result: dict[str, dict[str, list[Period]]] = defaultdict(lambda: defaultdict(list))
    for officer, value, since, until in rows:
        result[keys[officer]][value].append((since, until or _NO_END))
    return result
