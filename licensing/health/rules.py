"""The rules of a health licence renewal as pure functions of rulebook values. Days are days of Kuwait; amounts are fils."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from licensing.health.names import CANCEL, CHANGE, DUPLICATE, TRANSFER
from municipality.kernel.periods import Period, add_years, following

MUNICIPALITY = "municipality"


@dataclass(frozen=True)
class RenewalContext:
    """What the conditions depend on."""

    today: dt.date
    shop_is_open: bool
    authority: str
    licence_state: str  # valid, expired, suspended, revoked or none
    licence_last_day: dt.date | None
    next_is_issued: bool  # the licence after the current one exists
    commercial_license_end: dt.date
    open_case: str  # reference, or empty
    blocks: tuple[tuple[str, str], ...] = ()  # Arabic and English sentence of each
    reviews: tuple[tuple[str, str], ...] = ()  # the same of blocks that only send the renewal to an officer
    changed: tuple[str, ...] = ()
    licence_first_day: dt.date | None = None
    open_service: str = ""  # of the open case
    owed_fils: int | None = None  # on the shop, by those who hold it; 0: something may become payable. Only a transfer asks for it
    is_claimed: bool = False  # a claim to the shop is open; only a transfer and the end of the licence ask for it
    claim_until: dt.date | None = None  # the last day to dispute that claim, where no officer decides it
    no_surcharge_until: dt.date | None = None  # the last day in time, moved after an incident; None if it never moved or is over


@dataclass(frozen=True)
class RenewalCondition:
    """One condition, met or not, with the facts that its message states."""

    code: str
    is_met: bool
    facts: dict[str, Any] = field(default_factory=dict)


def window_opens_on(last_day: dt.date, window_days: int) -> dt.date:
    """The first day on which a licence that ends on `last_day` may be renewed."""
    return last_day - dt.timedelta(days=window_days)


def conditions(context: RenewalContext, *, window_days: int, late_days: int = 0) -> list[RenewalCondition]:
    """All conditions of automatic approval, in the order a person can act on them.

    Within `late_days` after its end a licence is still renewed automatically, with a surcharge.
    """
    s = context
    result = [RenewalCondition("competent_authority", s.authority == MUNICIPALITY, {"authority": s.authority})]
    if s.authority != MUNICIPALITY:
        return result
    result.append(RenewalCondition("shop_open", s.shop_is_open))
    in_force = s.licence_state in {"valid", "expired"}
    result.append(RenewalCondition("licence_in_force", in_force, {"state": s.licence_state}))
    if in_force and s.licence_last_day is not None:
        opens = window_opens_on(s.licence_last_day, window_days)
        if s.next_is_issued:
            result.append(RenewalCondition("not_renewed_yet", False, {"last_day": s.licence_last_day}))
        elif s.today > s.licence_last_day:
            until = s.licence_last_day + dt.timedelta(days=late_days)
            facts = {"last_day": s.licence_last_day, "until": until}
            if s.no_surcharge_until is not None:
                facts |= {"until": max(until, s.no_surcharge_until), "no_surcharge_until": s.no_surcharge_until}
            result.append(RenewalCondition("in_time", s.today <= facts["until"], facts))
        else:
            result.append(RenewalCondition("in_window", s.today >= opens, {"opens": opens, "last_day": s.licence_last_day}))
    result.append(RenewalCondition("no_open_case", not s.open_case, {"reference": s.open_case, "service": s.open_service}))
    result.append(RenewalCondition("commercial_license", s.commercial_license_end >= s.today, {"end": s.commercial_license_end}))
    result.append(RenewalCondition("no_block", not s.blocks, {"sentences": s.blocks}))
    if s.reviews:
        result.append(RenewalCondition("no_flag", False, {"sentences": s.reviews}))
    result.append(RenewalCondition("unchanged", not s.changed, {"fields": s.changed}))
    return result


# Conditions of the acts between two renewals beside those of all: a change, a duplicate, a transfer, and the
# end of the licence by its holder.
BETWEEN = {
    CHANGE: frozenset({"has_begun", "commercial_license", "no_flag", "unchanged"}),
    DUPLICATE: frozenset({"has_begun", "unchanged"}),
    TRANSFER: frozenset({"has_begun", "commercial_license", "not_claimed", "nothing_owed", "no_flag", "unchanged"}),
    CANCEL: frozenset({"not_claimed"}),
}


def conditions_between(context: RenewalContext, service: str) -> list[RenewalCondition]:
    """All conditions of an act on a valid licence between two renewals, in the order a person can act on them."""
    s = context
    result = [RenewalCondition("competent_authority", s.authority == MUNICIPALITY, {"authority": s.authority})]
    if s.authority != MUNICIPALITY:
        return result
    result.append(RenewalCondition("shop_open", s.shop_is_open))
    result.append(RenewalCondition("licence_valid", s.licence_state == "valid", {"state": s.licence_state, "last_day": s.licence_last_day}))
    result.append(RenewalCondition("no_open_case", not s.open_case, {"reference": s.open_case, "service": s.open_service}))
    result.append(RenewalCondition("no_block", not s.blocks, {"sentences": s.blocks}))
    own = [
        RenewalCondition("has_begun", not s.next_is_issued, {"first_day": s.licence_first_day}),
        RenewalCondition("commercial_license", s.commercial_license_end >= s.today, {"end": s.commercial_license_end}),
        RenewalCondition("not_claimed", not s.is_claimed, {"until": s.claim_until}),
        RenewalCondition("nothing_owed", s.owed_fils is None, {"fils": s.owed_fils}),
        RenewalCondition("no_flag", not s.reviews, {"sentences": s.reviews}),
        RenewalCondition("unchanged", not s.changed, {"fields": s.changed}),
    ]
    return result + [condition for condition in own if condition.code in BETWEEN[service]]


def may_renew(conditions: Collection[RenewalCondition]) -> bool:
    """Whether the renewal is approved automatically."""
    return all(condition.is_met for condition in conditions)


# Unmet, these send the renewal to an officer instead of refusing it.
OFFICER_CONDITIONS = frozenset({"in_time", "no_flag", "unchanged"})


def may_be_studied(conditions: Collection[RenewalCondition]) -> bool:
    """Whether an officer may decide: all other conditions are met."""
    return all(condition.is_met or condition.code in OFFICER_CONDITIONS for condition in conditions)


def flags(conditions: Collection[RenewalCondition]) -> list[str]:
    """Codes of the unmet conditions that send a renewal to an officer even if nothing is declared as changed."""
    return [condition.code for condition in conditions if not condition.is_met and condition.code in OFFICER_CONDITIONS]


def is_late(conditions: Collection[RenewalCondition]) -> bool:
    """Whether the licence has ended, and the day did not move after an incident: the renewal costs the surcharge, whoever decides."""
    return any(condition.code == "in_time" and "no_surcharge_until" not in condition.facts for condition in conditions)


def years_to_cover(last_day: dt.date, validity_years: int, today: dt.date) -> int:
    """The least number of years, in whole periods of validity, from the day after `last_day` to a day after `today`.

    Licences of a shop follow each other without a gap, so a late renewal covers the time since the last one.
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


def years_to_pay(span: Period, begun_days: int) -> int:
    """The years whose fee is due: the whole ones, and one more where at least `begun_days` of it are in the period. At least 1."""
    whole = 0
    while add_years(span.first, whole + 1) - dt.timedelta(days=1) <= span.last:
        whole += 1
    rest = (span.last - add_years(span.first, whole)).days + 1
    return max(whole + (rest >= begun_days > 0), 1)


def renewal_amount(fils_per_year: int, years: int) -> int:
    """Fee in fils: rate × years."""
    if fils_per_year < 0 or years < 1:
        raise ValueError("a fee is not negative and a period has at least a year")
    return fils_per_year * years


def due_reminder(days_left: int, steps: Collection[int], reminded: int | None) -> int | None:
    """The reminder that is due so many days before the last day, or None.

    `steps` are the days before the end on which reminders are due, `reminded` the newest one sent. Of several that were missed,
    only the newest is due.
    """
    newest = min((step for step in steps if 0 <= days_left <= step), default=None)
    return newest if newest is not None and (reminded is None or newest < reminded) else None


def reminder_ranges(today: dt.date, steps: Collection[int]) -> list[tuple[dt.date, dt.date, int]]:
    """The first and last of the last days for which each reminder is the newest one due today, and that reminder; the nearest first."""
    ordered = sorted(set(steps))
    first = [0, *(step + 1 for step in ordered)]
    return [(today + dt.timedelta(days=a), today + dt.timedelta(days=b), b) for a, b in zip(first, ordered, strict=False)]
