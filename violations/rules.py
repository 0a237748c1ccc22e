"""The by-law of violations as pure functions over values of the rulebook. Days are days of Kuwait; amounts are fils."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from municipality.kernel.errors import BadValue
from municipality.kernel.ids import with_check

# States of a violation as `violations.states` names them; the rules are plain Python and know no framework.
RECORDED, WARNED, CORRECTED, ORDERED, UNSETTLEABLE = "recorded", "warned", "corrected", "ordered", "unsettleable"
OBJECTED, INSTALMENTS, OVERDUE, REFERRED, JUDGED = "objected", "instalments", "overdue", "referred", "judged"
ACQUITTED, PAID, WAIVED, ANNULLED = "acquitted", "paid", "waived", "annulled"
HUNDRED = 100
EACH, PIECE, WORKER, M2, M2_MONTH = "each", "piece", "worker", "m2", "m2_month"
COUNTED = (PIECE, WORKER)  # in whole numbers


@dataclass(frozen=True)
class Measurement:
    """What an inspector measured: hundredths of a piece, worker or square metre, and whole months for an occupancy."""

    quantity_hundredths: int = HUNDRED
    months: int = 0


@dataclass(frozen=True)
class Amount:
    """What a settlement costs, with the parts that the formula names. `most_fils` is the court's maximum where it bounds the amount."""

    fils: int
    rate_fils: int
    quantity_hundredths: int
    months: int
    percent: int
    most_fils: int | None = None


class BadFacts(BadValue):
    """The facts do not fit the unit of the offence; `code` is quantity, whole_pieces or months."""


MAX_HUNDREDTHS = 100_000_00  # ten hectares or 100,000 pieces; more is a typing error
MAX_MONTHS = 600


def check_facts(unit: str, facts: Measurement) -> Measurement:
    """The facts as the unit takes them. Raises BadFacts."""
    quantity, months = facts.quantity_hundredths, facts.months
    if unit == EACH:
        return Measurement()
    if not 0 < quantity <= MAX_HUNDREDTHS:
        raise BadFacts("quantity")
    if unit in COUNTED and quantity % HUNDRED:
        raise BadFacts("whole_pieces")
    if unit == M2_MONTH:
        if not 0 < months <= MAX_MONTHS:
            raise BadFacts("months")
        return facts
    return Measurement(quantity)


def quantity_text(hundredths: int) -> str:
    """A quantity as text: `3.50`, or `3` for a whole number."""
    whole, part = divmod(hundredths, HUNDRED)
    return f"{whole}.{part:02d}" if part else str(whole)


def court_maximum(*, band_max_fils: int | None, band_unit: str, facts: Measurement) -> int | None:
    """The most in fils that a court may impose for these facts: the maximum of the offence, once or for each unit of its band.

    None where the catalogue has no maximum.
    """
    if band_max_fils is None or band_unit == EACH:
        return band_max_fils
    months = facts.months or 1 if band_unit == M2_MONTH else 1
    return band_max_fils * facts.quantity_hundredths * months // HUNDRED


def settlement(
    *,
    rate_fils: int,
    unit: str,
    facts: Measurement,
    repeats: int,
    repeat_percent: int,
    band_max_fils: int | None = None,
    band_unit: str = EACH,
) -> Amount:
    """The settlement amount of an offence: rate × quantity (× months), with the percentage of a repetition.

    Never more than the court could impose for the same facts: nobody consents to pay more than a judge may set. Rounded down to whole
    fils, at least one. Raises BadFacts, and ValueError for a rate that is not positive.
    """
    if rate_fils <= 0:
        raise ValueError("an offence without a rate is not settled")
    facts = check_facts(unit, facts)
    percent = repeat_percent if repeats else HUNDRED
    fils = max(rate_fils * facts.quantity_hundredths * (facts.months or 1) * percent // (HUNDRED * HUNDRED), 1)
    most = court_maximum(band_max_fils=band_max_fils, band_unit=band_unit, facts=facts)
    if most is not None and fils > most:
        return Amount(max(most, 1), rate_fils, facts.quantity_hundredths, facts.months, percent, most)
    return Amount(fils, rate_fils, facts.quantity_hundredths, facts.months, percent)


def may_be_settled(*, settlement_fils: int | None, band_max_fils: int | None, below_fils: int) -> bool:
    """Whether an offence can be settled: it has an amount, and its maximum fine is below the limit of settlement (fils)."""
    return settlement_fils is not None and (band_max_fils is None or band_max_fils < below_fils)


def instalments(fils: int, count: int) -> list[int]:
    """Split an amount in fils into equal parts; the first parts take the remainder. Raises ValueError below two parts."""
    if count < 2 or fils < count:
        raise ValueError("a plan has at least two parts, each above nought")
    part, rest = divmod(fils, count)
    return [part + (1 if number < rest else 0) for number in range(count)]


@dataclass(frozen=True)
class Delivered:
    """One delivery of a notice: its channel, and when it was handed over (None where it failed)."""

    channel: str
    at: dt.datetime | None


def served_by_channels(sent: Sequence[Delivered], *, days: int, now: dt.datetime | None) -> dt.datetime | None:
    """When an unopened notice counts as served: `days` after the second of two channels took it to one recipient. None before that.

    `sent` are the deliveries to that recipient; failed ones do not count. Without `now` also a time ahead.
    """
    first: dict[str, dt.datetime] = {}
    for delivery in sent:
        if delivery.at is not None and (delivery.channel not in first or delivery.at < first[delivery.channel]):
            first[delivery.channel] = delivery.at
    if len(first) < 2:
        return None
    served_at = sorted(first.values())[1] + dt.timedelta(days=days)
    return served_at if now is None or served_at <= now else None


@dataclass(frozen=True)
class ViolationStatus:
    """What the options of a party depend on, as of `today`."""

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
    is_in_review: bool = False  # all that is at the bank, so its outcome may take weeks
    plan_from_fils: int = 0
    max_instalments: int = 0
    visitors_pay: bool = False


OPTIONS = ("correct", "settle", "pay", "object", "more_time", "instalments", "not_mine")
# Whether a delegate or clerk of the party may take an option or step. The law asks for a mandate for the matter (the service that the
# delegation names) and gives no list. Assumption until the legal department decides: the party alone commits to months of payments,
# states facts about their own person, gives a right up for good or asks for a certificate.
DELEGATES = {
    "correct": True,
    "settle": True,
    "pay": True,
    "object": True,
    "more_time": True,
    "answer": True,  # a question of the officer who decides the objection
    "instalments": False,
    "not_mine": False,
    "withdraw": False,  # of an objection, which can be made only once
    "clearance": False,
}


# Options that a visitor who found the violation by number and digits may take for the party, where the rulebook permits it.
FOR_VISITORS = ("settle", "pay")


@dataclass(frozen=True)
class OptionStatus:
    """One option: open, open to the party after signing in, or closed with the code of the reason."""

    code: str
    closed: str = ""  # empty: open
    needs_sign_in: bool = False

    @property
    def is_open(self) -> bool:
        return not self.closed


# Final states: the reason for which every option is closed.
_ENDED = {PAID: "paid", ANNULLED: "annulled", WAIVED: "waived", CORRECTED: "corrected", ACQUITTED: "acquitted"}


def option_statuses(status: ViolationStatus) -> list[OptionStatus]:
    """All options in the order of OPTIONS, open or closed."""
    return [_option_status(code, status) for code in OPTIONS]


def _option_status(code: str, s: ViolationStatus) -> OptionStatus:
    closed = _reason_closed(code, s)
    is_for_visitors = s.visitors_pay and code in FOR_VISITORS
    return OptionStatus(code, closed, needs_sign_in=not closed and not s.is_party and not is_for_visitors)


def _reason_closed(code: str, s: ViolationStatus) -> str:
    if s.state in _ENDED:
        return _ENDED[s.state]
    if s.by_delegate and not DELEGATES[code]:
        return "party_only"
    return _CLOSED[code](s)


def _correct(s: ViolationStatus) -> str:
    if s.state != WARNED:
        return "no_warning" if s.state == RECORDED or s.correct_until is None else "report_written"
    return "" if s.correct_until is None or s.today <= s.correct_until else "correction_over"


def _reason_early(s: ViolationStatus) -> str:
    return "still_warned" if s.state in (RECORDED, WARNED) else ""


def _settle(s: ViolationStatus) -> str:
    if reason := _reason_early(s) or _reason_elsewhere(s):
        return reason
    if not s.is_settleable or s.state == UNSETTLEABLE:
        return "not_settleable"
    if s.state == INSTALMENTS:
        return "plan_runs"
    if s.state == OVERDUE or (s.settle_until is not None and s.today > s.settle_until):
        return "settlement_over"
    return "at_bank" if s.is_at_bank else ""


def _reason_elsewhere(s: ViolationStatus) -> str:
    return {OBJECTED: "objection_runs", REFERRED: "with_court", JUDGED: "court_ruled"}.get(s.state, "")


def _pay(s: ViolationStatus) -> str:
    if s.state in (JUDGED, INSTALMENTS):
        return "at_bank" if s.is_at_bank else ""
    return {REFERRED: "court_decides", OBJECTED: "objection_runs"}.get(s.state) or _reason_early(s) or "no_ruling"


def _object(s: ViolationStatus) -> str:
    if reason := _reason_early(s):
        return reason
    if s.state == JUDGED:
        return "ruled"
    if s.had_objection:
        return "objected_once"
    if s.state == INSTALMENTS:
        return "plan_runs"
    if s.state == REFERRED:
        return "with_court"
    if s.object_until is not None and s.today > s.object_until:
        return "objection_over"
    return "at_bank" if s.is_at_bank and not s.is_in_review else ""


def _more_time(s: ViolationStatus) -> str:
    if reason := _settle(s):
        return reason
    if s.is_extended:
        return "extended_once"
    return "" if s.settle_until is not None else "clock_not_begun"


def _instalments(s: ViolationStatus) -> str:
    if s.state == INSTALMENTS:
        return "plan_runs"
    if reason := _settle(s):
        return reason
    if s.had_plan:
        return "planned_once"
    return "too_small" if s.fils is None or s.fils < s.plan_from_fils or s.max_instalments < 2 else ""


_CLOSED = {
    "correct": _correct,
    "settle": _settle,
    "pay": _pay,
    "object": _object,
    "more_time": _more_time,
    "instalments": _instalments,
    "not_mine": _object,
}


# --- Numbers ---------------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"([A-Z01]{3})-?([0-9OI]{4})-?([0-9OI]{6})-?([0-9A-Z])")
_AS_LETTERS, _AS_DIGITS = str.maketrans("01", "OI"), str.maketrans("OI", "01")


def canonical_number(number: str) -> str:
    """The number of a violation or warning as it was given, where 1 and I, or 0 and O, were mixed up; any other number unchanged.

    The check character may be either of the two: the one that fits is taken.
    """
    found = _NUMBER.fullmatch(number)
    if found is None:
        return number
    series, year, count, check = found.groups()
    given = with_check(f"{series.translate(_AS_LETTERS)}-{year.translate(_AS_DIGITS)}-{count.translate(_AS_DIGITS)}")
    return given if given[-1].translate(_AS_DIGITS) == check.translate(_AS_DIGITS) else number


# --- The public page of a shop -----------------------------------------------------------------------------------------------

FINAL, CONTESTED, GONE = "final", "contested", "gone"


def publication(
    *, state: str, objection: str, ruled_on: dt.date | None, appeal_days: int | None, today: dt.date, was_fined: bool = False
) -> tuple[str, str]:
    """Public status of a violation (FINAL, CONTESTED, GONE or "" where it is not public) and the stage of a contested one: objected,
    lost, court or appealable.

    `objection` is empty, open, lost, upheld or withdrawn. GONE: it was public and is annulled; only its date stays.
    `was_fined`: a court had set a fine before a higher one found no violation.
    Without `appeal_days` no judgment is final.
    """
    if state in (ANNULLED, ACQUITTED):
        return (GONE, "") if objection in ("lost", "upheld") or was_fined else ("", "")
    if ruled_on is not None and state in (PAID, JUDGED):
        is_final = appeal_days is not None and today > ruled_on + dt.timedelta(days=appeal_days)
        return (FINAL, "") if is_final else (CONTESTED, "appealable")
    if state in (PAID, WAIVED):
        return FINAL, ""
    if state == OBJECTED:
        return CONTESTED, "objected"
    if objection == "lost" and state in (ORDERED, INSTALMENTS, OVERDUE, UNSETTLEABLE):
        return CONTESTED, "lost"
    if objection == "lost" and state == REFERRED:
        return CONTESTED, "court"
    return "", ""
