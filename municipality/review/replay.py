"""The queue told again from its events alone, to see whether every draw took its turn."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from municipality.accounts.models import User
from municipality.review.models import ConflictOfInterest, Override, Party, QueueEntry, QueueEntryEvent, Skill
from municipality.review.states import QueueEntryState

_ENDLESS = dt.datetime.max.replace(tzinfo=dt.UTC)
Spell = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True)
class Draw:
    """One case handed to one officer. `overtaken` are the lower numbers that waited and that this officer might have decided."""

    event: int
    place: int
    officer_key: str
    overtaken: tuple[int, ...]
    overridden: bool


def draws() -> Iterator[Draw]:
    """Every draw in the order of the events.

    A place waits from its birth: numbers are given under the same lock as draws, so that a lower number was there before a
    higher one was. At the very instant of a change, a skill does not count yet and a tie counts still.
    """
    kinds = {pk: (branch, skill) for pk, branch, skill in QueueEntry.objects.values_list("pk", "branch_id", "skill")}
    waiting: dict[tuple[str, str], list[int]] = defaultdict(list)
    for pk, kind in sorted(kinds.items()):
        waiting[kind].append(pk)
    cases = dict(QueueEntry.objects.values_list("pk", "case_id"))
    keys: dict[int, set[str]] = defaultdict(set)
    for case, key in Party.objects.values_list("case_id", "key"):
        keys[case].add(key)
    skills, ties = _skills(), _ties()
    allowed = {o.place_id: o.allowed_at or _ENDLESS for o in Override.objects.filter(allowed_at__isnull=False)}
    events = QueueEntryEvent.objects.order_by("pk").values_list("pk", "subject_id", "move", "from_state", "to_state", "at", "actor_key")
    for pk, place, move, source, target, at, officer in events.iterator(chunk_size=5000):
        row = waiting[kinds[place]]
        if move == "draw":
            branch = kinds[place][0]
            may = [code for code, spells in skills[officer].items() if any(a < at < b for a, b in spells)]
            bound = {key for key, spells in ties[officer].items() if any(a <= at <= b for a, b in spells)}
            overtaken = [n for code in may for n in _below(waiting[branch, code], place) if not keys[cases[n]] & bound]
            yield Draw(pk, place, officer, tuple(sorted(overtaken)), place in allowed and allowed[place] <= at)
        if source == QueueEntryState.WAITING:
            index = bisect_left(row, place)
            if index < len(row) and row[index] == place:
                del row[index]
        if target == QueueEntryState.WAITING:
            insort(row, place)


def _below(row: list[int], place: int) -> list[int]:
    return row[: bisect_left(row, place)]


def _skills() -> dict[str, dict[str, list[Spell]]]:
    found: dict[str, dict[str, list[Spell]]] = defaultdict(lambda: defaultdict(list))
    names = _staff_keys()
    for officer, code, since, until in Skill.objects.values_list("officer_id", "code", "given_at", "ended_at"):
        found[names[officer]][code].append((since, until or _ENDLESS))
    return found


def _ties() -> dict[str, dict[str, list[Spell]]]:
    found: dict[str, dict[str, list[Spell]]] = defaultdict(lambda: defaultdict(list))
    names = _staff_keys()
    for officer, key, since, until in ConflictOfInterest.objects.values_list("officer_id", "party_key", "declared_at", "ended_at"):
        found[names[officer]][key].append((since, until or _ENDLESS))
    return found


def _staff_keys() -> dict[int, str]:
    return {pk: f"staff:{public_id}" for pk, public_id in User.objects.filter(is_staff=True).values_list("pk", "public_id")}
