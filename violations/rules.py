"""The by-law of violations as pure functions over values of the rulebook. Days are days of Kuwait; amounts are fils."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

# States of a violation as `violations.states` names them; the rules are plain Python and know no framework.
RECORDED, WARNED, CORRECTED, ORDERED, UNSETTLEABLE = "recorded", "warned", "corrected", "ordered", "unsettleable"
OBJECTED, INSTALMENTS, OVERDUE, REFERRED, JUDGED = "objected", "instalments", "overdue", "referred", "judged"
ACQUITTED, PAID, WAIVED, ANNULLED = "acquitted", "paid", "waived", "annulled"
HUNDRED = 100
EACH, PIECE, M2, M2_MONTH = "each", "piece", "m2", "m2_month"


@dataclass(frozen=True)
class Measurement:
    """What an inspector measured: hundredths of a piece or square metre, and whole months for an occupancy."""

    quantity_hundredths: int = HUNDRED
    months: int = 0


@dataclass(frozen=True)
class Amount:
    """What a settlement costs, with the parts that the formula names."""

    fils: int
    rate_fils: int
    quantity_hundredths: int
    months: int
    percent: int


class BadFacts(ValueError):
    """The facts do not fit the unit of the offence; `code` is quantity, whole_pieces or months."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


MOST_HUNDREDTHS = 100_000_00  # ten hectares, or a hundred thousand pieces: beyond that somebody mistyped
MOST_MONTHS = 600


def check_facts(unit: str, facts: Measurement) -> Measurement:
    """The facts as the unit takes them. Raises BadFacts."""
    quantity, months = facts.quantity_hundredths, facts.months
    if unit == EACH:
        return Measurement()
    if not 0 < quantity <= MOST_HUNDREDTHS:
        raise BadFacts("quantity")
    if unit == PIECE and quantity % HUNDRED:
        raise BadFacts("whole_pieces")
    if unit == M2_MONTH:
        if not 0 < months <= MOST_MONTHS:
            raise BadFacts("months")
        return facts
    return Measurement(quantity)


def settlement(*, rate_fils: int, unit: str, facts: Measurement, repeats: int, repeat_percent: int) -> Amount:
    """The settlement amount of an offence: rate × quantity (× months), with the percentage of a repetition.

    A fraction of a fils is dropped, in favour of whoever pays. The same facts always give the same amount. Raises BadFacts,
    and ValueError for a rate that is no amount.
    """
    if rate_fils <= 0:
        raise ValueError("an offence without a rate is not settled")
    facts = check_facts(unit, facts)
    percent = repeat_percent if repeats else HUNDRED
    fils = rate_fils * facts.quantity_hundredths * (facts.months or 1) * percent // (HUNDRED * HUNDRED)
    return Amount(max(fils, 1), rate_fils, facts.quantity_hundredths, facts.months, percent)


def may_be_settled(*, settlement_fils: int | None, band_max_fils: int | None, below_fils: int) -> bool:
    """Whether an act may be settled at all: it has an amount, and the fine of the law stays below the limit of settlement."""
    return settlement_fils is not None and (band_max_fils is None or band_max_fils < below_fils)


def instalments(fils: int, count: int) -> list[int]:
    """Equal parts in fils; what does not divide is added to the first ones, fils by fils. Raises ValueError below two parts."""
    if count < 2 or fils < count:
        raise ValueError("a plan has at least two parts, each above nought")
    part, rest = divmod(fils, count)
    return [part + (1 if number < rest else 0) for number in range(count)]


@dataclass(frozen=True)
class Delivered:
    """One way on which a notice was sent: the channel, and when it was handed over (None where it failed)."""

    channel: str
    at: dt.datetime | None


def served_by_channels(sent: Sequence[Delivered], *, days: int, now: dt.datetime) -> dt.datetime | None:
    """When a notice that nobody opened counts as served: `days` after the second of two channels took it. None before that.

    A bounced message is no channel, so that the clock of a fine that nobody saw does not begin.
    """
    first: dict[str, dt.datetime] = {}
    for way in sent:
        if way.at is not None and (way.channel not in first or way.at < first[way.channel]):
            first[way.channel] = way.at
    if len(first) < 2:
        return None
    second = sorted(first.values())[1]
    done = second + dt.timedelta(days=days)
    return done if done <= now else None


@dataclass(frozen=True)
class ViolationStatus:
    """What is known about a violation on the day somebody looks at it."""

    state: str
    today: dt.date
    correct_until: dt.date | None = None
    settle_until: dt.date | None = None
    object_until: dt.date | None = None
    is_party: bool = True
    by_delegate: bool = False
    is_settleable: bool = True
    fils: int | None = None
    is_extended: bool = False
    had_plan: bool = False
    had_objection: bool = False
    is_at_bank: bool = False
    plan_from_fils: int = 0
    plan_most: int = 0


WAYS = ("correct", "settle", "pay", "object", "more_time", "instalments", "not_mine")
# Whether a delegate or clerk of the party may take a way, and the steps beside them. The law says that a proxy needs a mandate for the
# matter, which is the service that the delegation names; it gives no list. An assumption until the legal department decides: what binds
# the party for months, speaks of their own person, gives a right up for good or certifies their standing is theirs alone.
DELEGATES = {
    "correct": True,
    "settle": True,
    "pay": True,
    "object": True,
    "more_time": True,
    "answer": True,  # what the decider of an objection asked for
    "instalments": False,
    "not_mine": False,
    "withdraw": False,  # the objection, which is made once
    "clearance": False,
}


@dataclass(frozen=True)
class Way:
    """One way out, open or closed with the code of why."""

    code: str
    closed: str = ""  # empty: open

    @property
    def is_open(self) -> bool:
        return not self.closed


# What is said of a violation that has come to its end, whatever way is asked about.
_OVER = {PAID: "paid", ANNULLED: "annulled", WAIVED: "waived", CORRECTED: "corrected", ACQUITTED: "acquitted"}


def ways(standing: ViolationStatus) -> list[Way]:
    """Every way, always all seven in one order, each open or closed with its reason: nothing is hidden, nothing appears later."""
    return [Way(code, _why_closed(code, standing)) for code in WAYS]


def _why_closed(code: str, s: ViolationStatus) -> str:
    if s.state in _OVER:
        return _OVER[s.state]
    if not s.is_party:
        return "sign_in"
    if s.by_delegate and not DELEGATES[code]:
        return "party_only"
    return _CLOSED[code](s)


def _correct(s: ViolationStatus) -> str:
    if s.state != WARNED:
        return "no_warning" if s.state == RECORDED else "minute_written"
    return "" if s.correct_until is None or s.today <= s.correct_until else "correction_over"


def _before_minute(s: ViolationStatus) -> str:
    return "still_warned" if s.state in (RECORDED, WARNED) else ""


def _settle(s: ViolationStatus) -> str:
    early = _before_minute(s) or _elsewhere(s)
    if early:
        return early
    if not s.is_settleable or s.state == UNSETTLEABLE:
        return "not_settleable"
    if s.state == INSTALMENTS:
        return "plan_runs"
    if s.state == OVERDUE or (s.settle_until is not None and s.today > s.settle_until):
        return "settlement_over"
    return "at_bank" if s.is_at_bank else ""


def _elsewhere(s: ViolationStatus) -> str:
    return {OBJECTED: "objection_runs", REFERRED: "with_court", JUDGED: "court_ruled"}.get(s.state, "")


def _pay(s: ViolationStatus) -> str:
    if s.state == JUDGED:
        return "at_bank" if s.is_at_bank else ""
    if s.state == INSTALMENTS:
        return "at_bank" if s.is_at_bank else ""
    return {REFERRED: "court_decides", OBJECTED: "objection_runs"}.get(s.state) or _before_minute(s) or "no_ruling"


def _object(s: ViolationStatus) -> str:
    early = _before_minute(s)
    if early:
        return early
    if s.had_objection:
        return "objected_once"
    if s.state == INSTALMENTS:
        return "plan_runs"
    if s.state in (REFERRED, JUDGED):
        return "with_court"
    if s.object_until is not None and s.today > s.object_until:
        return "objection_over"
    return "at_bank" if s.is_at_bank else ""


def _more_time(s: ViolationStatus) -> str:
    why = _settle(s)
    if why:
        return why
    if s.is_extended:
        return "extended_once"
    return "" if s.settle_until is not None else "clock_not_begun"


def _instalments(s: ViolationStatus) -> str:
    if s.state == INSTALMENTS:
        return "plan_runs"
    why = _settle(s)
    if why:
        return why
    if s.had_plan:
        return "planned_once"
    return "too_small" if s.fils is None or s.fils < s.plan_from_fils or s.plan_most < 2 else ""


_CLOSED = {
    "correct": _correct,
    "settle": _settle,
    "pay": _pay,
    "object": _object,
    "more_time": _more_time,
    "instalments": _instalments,
    "not_mine": _object,
}


# --- What the page of a shop tells everybody --------------------------------------------------------------------------------

FINAL, CONTESTED, GONE = "final", "contested", "gone"


def publication(*, state: str, objection: str, ruled_on: dt.date | None, appeal_days: int | None, today: dt.date) -> tuple[str, str]:
    """Whether a violation is public, and at which stage a contested one stands: objected, lost, court or appealable.

    `objection` is empty, open, lost, upheld or withdrawn. What was contested in public and then fell is GONE: its place in the history
    stays, without a word of what it was. Without `appeal_days` no judgment is final.
    """
    if state in (ANNULLED, ACQUITTED):
        return (GONE, "") if objection in ("lost", "upheld") else ("", "")
    if ruled_on is not None and state in (PAID, JUDGED):
        is_final = appeal_days is not None and today > ruled_on + dt.timedelta(days=appeal_days)
        return (FINAL, "") if is_final else (CONTESTED, "appealable")
    if state in (PAID, WAIVED):
        return FINAL, ""
    if state == OBJECTED:
        return CONTESTED, "objected"
    if objection == "lost" and state in (ORDERED, OVERDUE, UNSETTLEABLE):
        return CONTESTED, "lost"
    if objection == "lost" and state == REFERRED:
        return CONTESTED, "court"
    return "", ""
