"""The by-law of health licence renewal as pure functions over rulebook values. Days are days of Kuwait; amounts are fils."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from municipality.kernel.periods import Period, following

MUNICIPALITY = "municipality"


@dataclass(frozen=True)
class RenewalContext:
    """What is known about a shop on the day of the question."""

    today: dt.date
    shop_is_open: bool
    authority: str
    licence_state: str  # valid, expired, suspended, revoked or none
    licence_last_day: dt.date | None
    next_is_issued: bool  # the licence that follows the present one exists
    commercial_license_end: dt.date
    open_case: str  # reference, or empty
    blocks: tuple[tuple[str, str], ...] = ()  # Arabic and English sentence of each
    reviews: tuple[tuple[str, str], ...] = ()  # the same of what a person has to look at
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """One condition, met or not, with the facts its sentence needs."""

    code: str
    is_met: bool
    facts: dict[str, Any] = field(default_factory=dict)


def window_opens_on(last_day: dt.date, window_days: int) -> dt.date:
    """The first day on which a licence that ends on `last_day` may be renewed."""
    return last_day - dt.timedelta(days=window_days)


def conditions(standing: RenewalContext, *, window_days: int, late_days: int = 0) -> list[Condition]:
    """All conditions of the clean lane at once, in the order a person can act on them. None appears later.

    Within `late_days` after its end a licence is still renewed in the clean lane, with a surcharge.
    """
    s = standing
    found = [Condition("competent_authority", s.authority == MUNICIPALITY, {"authority": s.authority})]
    if s.authority != MUNICIPALITY:
        return found  # nothing of the Municipality's applies, and no fee is named
    found.append(Condition("shop_open", s.shop_is_open))
    in_force = s.licence_state in {"valid", "expired"}
    found.append(Condition("licence_in_force", in_force, {"state": s.licence_state}))
    if in_force and s.licence_last_day is not None:
        opens = window_opens_on(s.licence_last_day, window_days)
        if s.next_is_issued:
            found.append(Condition("not_renewed_yet", False, {"last_day": s.licence_last_day}))
        elif s.today > s.licence_last_day:
            until = s.licence_last_day + dt.timedelta(days=late_days)
            found.append(Condition("in_time", s.today <= until, {"last_day": s.licence_last_day, "until": until}))
        else:
            found.append(Condition("in_window", s.today >= opens, {"opens": opens, "last_day": s.licence_last_day}))
    found.append(Condition("no_open_case", not s.open_case, {"reference": s.open_case}))
    found.append(Condition("commercial_license", s.commercial_license_end >= s.today, {"end": s.commercial_license_end}))
    found.append(Condition("no_block", not s.blocks, {"sentences": s.blocks}))
    if s.reviews:
        found.append(Condition("no_flag", False, {"sentences": s.reviews}))
    found.append(Condition("unchanged", not s.changed, {"fields": s.changed}))
    return found


def may_renew(found: Collection[Condition]) -> bool:
    """Whether the clean lane is open."""
    return all(condition.is_met for condition in found)


# What a person decides about instead of the rule.
FOR_AN_OFFICER = frozenset({"in_time", "no_flag", "unchanged"})


def may_be_studied(found: Collection[Condition]) -> bool:
    """Whether the officer's lane is open: everything holds that no officer can set aside."""
    return all(condition.is_met or condition.code in FOR_AN_OFFICER for condition in found)


def flags(found: Collection[Condition]) -> list[str]:
    """Codes of the conditions that send a renewal to an officer even if nothing is declared as changed."""
    return [condition.code for condition in found if not condition.is_met and condition.code in FOR_AN_OFFICER]


def is_late(found: Collection[Condition]) -> bool:
    """Whether the licence has ended: the renewal costs the surcharge in either lane."""
    return any(condition.code == "in_time" for condition in found)


def years_to_cover(last_day: dt.date, validity_years: int, today: dt.date) -> int:
    """How many years a renewal runs from the day after `last_day` until it ends after `today`, in whole periods of validity.

    Licences of a shop follow each other without a gap, so a late one covers the time since the last.
    """
    years = validity_years
    while following(last_day, years).last <= today:
        years += validity_years
    return years


def changed_fields(before: dict[str, str], now: dict[str, str]) -> tuple[str, ...]:
    """Names of registered facts that differ from those the licence was issued on."""
    return tuple(sorted(name for name in now if before.get(name, now[name]) != now[name]))


def new_period(last_day: dt.date, validity_years: int) -> Period:
    """The new period starts the day after the old one ends, so early renewal costs no day."""
    return following(last_day, validity_years)


def renewal_amount(fils_per_year: int, years: int) -> int:
    """Fee in fils: rate × years."""
    if fils_per_year < 0 or years < 1:
        raise ValueError("a fee is not negative and a period has at least a year")
    return fils_per_year * years
