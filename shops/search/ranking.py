"""In which order people expect what was found: the name itself, its beginning, its words; open, licensed and near before others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import asin, cos, log10, radians, sin, sqrt

from municipality.places.models import Area
from shops.models import LicenceState
from shops.search.engines import Candidate
from shops.search.vocabulary import Group

# How much a word counts by where it stands: Arabic name, English name, former names, place and activity, other ways to write it.
PLACES = (1.0, 1.0, 0.8, 0.5, 1.0)
NAMES = (0, 1, 4)
PLACE = 3


@dataclass(frozen=True)
class Question:
    """What candidates are compared by. `hits`: id of a word, as text, to the groups that it answers and how well."""

    key: str
    hits: Mapping[str, Sequence[tuple[int, float]]]
    known: frozenset[str]  # the keys of hits
    values: Sequence[float]  # of each group: rare words count more
    required: frozenset[int]
    today: dt.date
    point: tuple[float, float] | None = None


def question(key: str, groups: Sequence[Group], today: dt.date, point: tuple[float, float] | None) -> Question:
    hits: dict[str, list[tuple[int, float]]] = {}
    for place, group in enumerate(groups):
        for match in group.matches.values():
            hits.setdefault(str(match.id), []).append((place, match.weight))
        for match in group.trades.values():  # it stands among the words of the place and counts as it says
            hits.setdefault(str(match.id), []).append((place, match.weight / PLACES[PLACE]))
    values = [(0.3 if group.is_optional else 1.0) / (1 + 0.15 * log10(1 + group.count)) for group in groups]
    required = frozenset(n for n, group in enumerate(groups) if group.can_be_met and not group.is_optional)
    return Question(key, hits, frozenset(hits), values, required, today, point)


def score(asked: Question, one: Candidate) -> float | None:
    """How well a shop answers, rounded so that equal ones are equal; None where a word is missing that must be there."""
    best = [0.0] * len(asked.values)
    answered = [0, 0]
    sizes = [1, 1]
    for section, ids in enumerate(one.words.split("|")):
        found = ids.split()
        there = asked.known.intersection(found)  # a section has each word once
        if section < 2:
            sizes[section], answered[section] = max(len(found), 1), len(there)
        for word in there:
            for group, weight in asked.hits[word]:
                best[group] = max(best[group], weight * PLACES[section])
    whole = asked.key and asked.key in (one.name_ar, one.name_en)
    begins = asked.key and (one.name_ar.startswith(asked.key) or one.name_en.startswith(asked.key))
    wholly = begins and f"{asked.key} " in (one.name_ar[: len(asked.key) + 1], one.name_en[: len(asked.key) + 1])
    if not begins and any(not best[group] for group in asked.required):
        return None
    total = sum(asked.values) or 1.0
    value = 2 * sum(b * v for b, v in zip(best, asked.values, strict=True)) / total
    value += 0.35 * max(answered[0] / sizes[0], answered[1] / sizes[1])
    value += 1.0 if whole else 0.5 if wholly else 0.2 if begins else 0.0
    if one.closed_on is not None and one.closed_on <= asked.today:
        value -= 0.06
    elif one.suspended_on is None:
        value += 0.03
    if one.licence == LicenceState.ACTIVE and one.licence_end is not None and one.licence_end >= asked.today:
        value += 0.03
    if asked.point is not None:
        away = distance(asked.point, one)
        value += 0.0 if away is None else 0.6 * max(0.0, 1 - away / 5)
    return round(value, 4)


def distance(point: tuple[float, float], one: Candidate | Area) -> float | None:
    """Kilometres from a point (latitude, longitude; WGS 84) to a shop or an area; None where its place is not known."""
    if one.latitude is None or one.longitude is None:
        return None
    north, east, to_north, to_east = map(radians, (*point, one.latitude, one.longitude))
    half = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin((to_east - east) / 2) ** 2
    return 2 * 6371 * asin(sqrt(half))
