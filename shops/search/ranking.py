"""Ranking candidates: the name itself, its beginning, its words; open, licensed and near shops before others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import asin, cos, log10, radians, sin, sqrt

from municipality.places.models import Area
from shops.models import LicenceState
from shops.search.engines import Candidate
from shops.search.vocabulary import Group

# Weights of words by part: Arabic name, English name, former names, area and activity, other spellings.
PART_WEIGHTS = (1.0, 1.0, 0.8, 0.5, 1.0)
PLACE_PART = 3


@dataclass(frozen=True)
class RankingQuery:
    """What candidates are compared with. `hits`: id of a word, as text, to the groups that it matches with their weights."""

    key: str
    hits: Mapping[str, Sequence[tuple[int, float]]]
    known: frozenset[str]  # the keys of hits
    values: Sequence[float]  # of each group: rare words count more
    required: frozenset[int]
    today: dt.date
    point: tuple[float, float] | None = None


def build_ranking_query(key: str, groups: Sequence[Group], today: dt.date, point: tuple[float, float] | None) -> RankingQuery:
    """The words of a search and where they match, in the form that `score` compares each candidate with."""
    hits: dict[str, list[tuple[int, float]]] = {}
    for position, group in enumerate(groups):
        for match in group.matches.values():
            hits.setdefault(str(match.id), []).append((position, match.weight))
        for match in group.trades.values():  # in the part of area and activity, without the weight of that part
            hits.setdefault(str(match.id), []).append((position, match.weight / PART_WEIGHTS[PLACE_PART]))
    values = [(0.3 if group.is_optional else 1.0) / (1 + 0.15 * log10(1 + group.count)) for group in groups]
    required = frozenset(n for n, group in enumerate(groups) if group.can_be_met and not group.is_optional)
    return RankingQuery(key, hits, frozenset(hits), values, required, today, point)


def score(query: RankingQuery, candidate: Candidate) -> float | None:
    """The score of a candidate, rounded so that ties are equal; None if it lacks a required word."""
    best = [0.0] * len(query.values)
    answered = [0, 0]
    sizes = [1, 1]
    for section, part in enumerate(candidate.words.split("|")):
        ids = part.split()
        present = query.known.intersection(ids)  # a part has each word once
        if section < 2:
            sizes[section], answered[section] = max(len(ids), 1), len(present)
        for word in present:
            for group, weight in query.hits[word]:
                best[group] = max(best[group], weight * PART_WEIGHTS[section])
    whole = query.key and query.key in (candidate.name_ar, candidate.name_en)
    begins = query.key and (candidate.name_ar.startswith(query.key) or candidate.name_en.startswith(query.key))
    wholly = begins and f"{query.key} " in (candidate.name_ar[: len(query.key) + 1], candidate.name_en[: len(query.key) + 1])
    if not begins and any(not best[group] for group in query.required):
        return None
    total = sum(query.values) or 1.0
    value = 2 * sum(b * v for b, v in zip(best, query.values, strict=True)) / total
    value += 0.35 * max(answered[0] / sizes[0], answered[1] / sizes[1])
    value += 1.0 if whole else 0.5 if wholly else 0.2 if begins else 0.0
    if candidate.closed_on is not None and candidate.closed_on <= query.today:
        value -= 0.06
    elif candidate.suspended_on is None:
        value += 0.03
    if candidate.licence == LicenceState.ACTIVE and candidate.licence_end is not None and candidate.licence_end >= query.today:
        value += 0.03
    if query.point is not None:
        distance_km = distance(query.point, candidate)
        value += 0.0 if distance_km is None else 0.6 * max(0.0, 1 - distance_km / 5)
    return round(value, 4)


def distance(point: tuple[float, float], place: Candidate | Area) -> float | None:
    """Kilometres from a point (latitude, longitude; WGS 84) to a shop or an area; None without coordinates."""
    if place.latitude is None or place.longitude is None:
        return None
    north, east, to_north, to_east = map(radians, (*point, place.latitude, place.longitude))
    half = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin((to_east - east) / 2) ** 2
    return 2 * 6371 * asin(sqrt(half))
