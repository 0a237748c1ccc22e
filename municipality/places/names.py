"""Areas as people name them: with or without article, in Arabic or Latin letters, written apart or together, with a typing error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from django.conf import settings

from municipality.kernel import arabic
from municipality.kernel.spelling import errors, sound_distance
from municipality.kernel.ttl_cache import ttl_cache
from municipality.places import queries
from municipality.places.models import Area

MOST_WORDS = 5  # of one name
ARTICLES = frozenset({"ال", "al", "el", "as", "ash", "ad", "ar", "an", "at", "az"})  # the Latin ones also as they are spoken: As-Salmiya
PREFIXES = frozenset({"ضاحيه", "مدينه", "منطقه", "area", "city", "district", "suburb"})
_PARTS = re.compile("[()]")
_FUZZY, _FAR = 4, 0.08  # letters from which a name may be misspelt, and how far each may sound from that of the list


def key_of(words: Iterable[str]) -> str:
    """Folded words as one comparable text, without articles and spaces: `abdullah al salem` and `AbdullahAlsalem` differ in no letter."""
    key, before = "", ""
    for word in words:
        if word not in ARTICLES:
            key += word if before == "عبد" else arabic.bare(word)  # عبد الله is عبدالله
        before = word
    return key


def are_alike(typed: str, known: str) -> float | None:
    """How far a typed key is from a known one: 0 is the same, None is another name."""
    if typed == known:
        return 0.0
    if min(len(typed), len(known)) < _FUZZY or typed.isdigit() or known.isdigit():
        return None
    if len(typed) > _FUZZY and errors(typed, known) == 1:
        return 0.5
    distance = sound_distance(typed, known)
    return None if distance is None or distance > max(0.6, _FAR * len(typed)) else distance


@dataclass(frozen=True)
class AreaNames:
    """The keys of the names of an area, and those of their first words."""

    area: Area
    whole: frozenset[str]
    begun: frozenset[str]


@dataclass(frozen=True)
class AreaMatch:
    """Areas that a text may name, and the positions of the words that say so."""

    areas: tuple[Area, ...]
    positions: frozenset[int]


def _words(name: str) -> list[str]:
    return [word for word in arabic.words(name) if word not in PREFIXES]


@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)
def area_names() -> list[AreaNames]:
    """All areas with the keys of their names; cached for NAMED_LISTS_SECONDS.

    What stands in brackets is another name, as `Qibla (Jibla)`, unless it says where the area lies, as `Free Zone (Shuwaikh)`.
    """
    areas = list(queries.areas())
    outer = {area.pk: [_words(area.name_ar), _words(_PARTS.split(area.name_en)[0])] for area in areas}
    places = {key_of(words[:length]) for names in outer.values() for words in names for length in range(1, len(words) + 1)}
    places |= {key_of(_words(name)) for area in areas for name in (area.governorate.name_ar, area.governorate.name_en)}
    found = []
    for area in areas:
        also = [words for part in _PARTS.split(area.name_en)[1:] if (words := _words(part)) and key_of(words) not in places]
        names = outer[area.pk] + also
        whole = frozenset(key_of(words) for words in names)
        begun = frozenset(key_of(words[:length]) for words in names for length in range(1, len(words)))
        found.append(AreaNames(area, whole, begun - whole - {""}))
    return found


def find_areas(words: Sequence[str], free: AbstractSet[int]) -> AreaMatch | None:
    """The area named by folded words at positions that are `free`.

    A whole name goes before all else; then the longest of beginnings and misspelt names, at one length the beginning. Of an area and
    the governorate of the same name the area is meant. Several areas are returned where a text may mean each.
    """
    names = area_names()
    spans = [
        range(start, start + length)
        for length in range(MOST_WORDS, 0, -1)
        for start in range(len(words) - length + 1)
        if free >= set(range(start, start + length)) and words[start] not in ARTICLES
    ]
    keys = {span: key_of(words[one] for one in span if words[one] not in PREFIXES) for span in spans}
    named = [AreaMatch(areas, frozenset(span)) for span in spans if (areas := tuple(one.area for one in names if keys[span] in one.whole))]
    if named:
        return _innermost(named)
    for length in range(MOST_WORDS, 0, -1):
        here = [span for span in spans if len(span) == length]
        for span in here:
            if areas := tuple(one.area for one in names if keys[span] in one.begun):
                return AreaMatch(areas, frozenset(span))
        rated = [(far, span.start, one.area) for span in here for one in names if (far := _distance(keys[span], one)) is not None]
        if rated:
            best = min(row[:2] for row in rated)
            return AreaMatch(tuple(area for *rating, area in rated if tuple(rating) == best), frozenset(range(best[1], best[1] + length)))
    return None


def _distance(key: str, names: AreaNames) -> float | None:
    return min((far for name in names.whole if (far := are_alike(key, name)) is not None), default=None)


def _innermost(named: list[AreaMatch]) -> AreaMatch:
    """The longest match; of an area and the name of its governorate the area, with the words of both."""
    for match in named:
        around = [one for one in named if one != match and all(_holds(outer, match) for outer in one.areas)]
        if not all(any(_holds(area, one) for one in named if one != match) for area in match.areas):
            return AreaMatch(match.areas, match.positions.union(*(one.positions for one in around)))
    return named[0]


def _holds(outer: Area, inner: AreaMatch) -> bool:
    """Whether an area has the name of the governorate in which others lie."""
    is_governorate = outer.name_ar == outer.governorate.name_ar
    return is_governorate and outer not in inner.areas and all(area.governorate_id == outer.governorate_id for area in inner.areas)
