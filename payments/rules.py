"""Rules of payments as pure functions. Result codes are those of KNET's hosted payment page; periods marked *assumption* are ours."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from municipality.kernel import ids, money
from municipality.kernel.errors import BadValue

MAX_TRACKID = 19  # an inquiry by track id carries it in a field of 19 characters
DOUBLE_CLICK = dt.timedelta(seconds=5)
# After the acknowledgement: the first inquiry after a setting, then these seconds after the one before.
EAGER_SECONDS = (0, 5, 10, 20, 40, 60)
# Inquiries after the redirect to the bank, whatever was heard: minutes, then hourly for a day (assumption).
SCHEDULE_MINUTES = (2, 5, 10, 20, 40, *range(60, 24 * 60 + 1, 60))
# How many steps of the schedule a declined payment gets, which the bank states plainly.
DECLINED_STEPS = 5
# Before a confirmed payment that the bank does not find any more is voided, it is asked about again.
RECHECK_SECONDS = 60
# Confirming inquiries without an answer are repeated every hour for a day (assumption).
CONFIRM_AGAIN = dt.timedelta(hours=1)
CONFIRM_WITHIN = dt.timedelta(days=1)
# Unauthenticated messages to the callback addresses are stored up to these bytes, then only counted (technical caps). Messages of the
# bank itself, which decipher and name an attempt, have no cap. Messages that name an attempt and those that do not are counted apart.
HEAD_BYTES = 512  # of one message
ROW_BYTES = 512  # of a row beside its text, about
MAX_BYTES_OF_ATTEMPT = 16 * 1024
MAX_BYTES_OF_HOUR = 256 * 1024
MAX_BYTES_OF_DAY = 1024 * 1024
# Inquiries about a refund without an answer, in minutes; "unpaid" counts only after the third.
REFUND_MINUTES = (2, 5, 15, 60, 240, 720, 1440)
REFUND_UNPAID_AFTER = dt.timedelta(minutes=15)


def counter_keys(group: str, now: dt.datetime) -> tuple[str, str]:
    """Keys of the day's and the hour's counter (Kuwait time), for messages that name an attempt (`named`) or none (`nobody`)."""
    return f"{group}:{now:%Y-%m-%d}", f"{group}:{now:%Y-%m-%dT%H}"


@dataclass(frozen=True)
class Line:
    """One line of a bill, computed by its service from an edition of the rulebook. `fils` > 0."""

    code: str
    label_ar: str
    label_en: str
    formula_ar: str
    formula_en: str
    article_ar: str
    article_en: str
    edition: str
    fils: int
    revenue_account: str


class NotPayable(BadValue):
    """The lines do not make a bill; `code` is one of empty, amount, text."""


def total(lines: Sequence[Line]) -> int:
    """The sum in fils. Raises NotPayable without lines, for a line without text or amount, or above the limit of the gateway."""
    if not lines:
        raise NotPayable("empty")
    for line in lines:
        if type(line.fils) is not int or line.fils <= 0:
            raise NotPayable("amount")
        if not all((line.code, line.label_ar, line.label_en, line.article_ar, line.article_en, line.edition, line.revenue_account)):
            raise NotPayable("text")
    result = sum(line.fils for line in lines)
    if result > money.MAX_FILS:
        raise NotPayable("amount")
    return result


# Accounts of the ledger that are no revenue.
OWED_BACK = "owed-back"
DEPOSITS = "deposits"  # what payers get back when what they paid it for is over
_ACCOUNT = re.compile(r"[A-Z0-9-]{4,20}")
SUSPENSE = "suspense"


def clearing(provider: str) -> str:
    """The account of what a gateway captured and has not yet paid to our bank."""
    return f"clearing-{provider}"


def is_revenue(account: str) -> bool:
    """Whether an account of the ledger is one of revenue, with a number of the rulebook."""
    return account not in (OWED_BACK, DEPOSITS, SUSPENSE) and not account.startswith("clearing-")


def may_correct(source: str, target: str) -> bool:
    """Whether a correction may move an amount: between accounts of revenue, or between a gateway and suspense."""
    if is_revenue(source):
        return target != source and is_revenue(target) and bool(_ACCOUNT.fullmatch(target))
    ends = {"clearing" if account.startswith("clearing-") else account for account in (source, target)}
    return ends == {"clearing", SUSPENSE}


def new_trackid() -> str:
    """19 letters and digits, 95 random bits; unique per attempt, never derived from a bill."""
    return "".join(secrets.choice(ids.ALPHABET) for _ in range(MAX_TRACKID))


class InquiryOutcome(StrEnum):
    """The meaning of the answer to an inquiry."""

    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


# Compared as whole words: "NOT CAPTURED" contains "CAPTURED".
RESULTS = {
    "CAPTURED": InquiryOutcome.CAPTURED,
    "SUCCESS": InquiryOutcome.CAPTURED,
    "NOT CAPTURED": InquiryOutcome.DECLINED,
    "FAILURE(NOT CAPTURED)": InquiryOutcome.DECLINED,
    "CANCELED": InquiryOutcome.CANCELLED,
    "CANCELLED": InquiryOutcome.CANCELLED,
    "FAILURE(CANCELED)": InquiryOutcome.CANCELLED,
    "FAILURE(CANCELLED)": InquiryOutcome.CANCELLED,
    "HOST TIMEOUT": InquiryOutcome.TIMED_OUT,
    "FAILURE(HOST TIMEOUT)": InquiryOutcome.TIMED_OUT,
    "DENIED BY RISK": InquiryOutcome.DENIED,
    "FAILURE(DENIED BY RISK)": InquiryOutcome.DENIED,
    "FAILURE(SUSPECT)": InquiryOutcome.MISMATCH,
}
NOT_FOUND_CODE, HOST_TIMEOUT_CODE = "0100263", "0100158"
NOT_PAID = frozenset({InquiryOutcome.DECLINED, InquiryOutcome.CANCELLED, InquiryOutcome.TIMED_OUT, InquiryOutcome.DENIED})


@dataclass(frozen=True)
class InquiryAnswer:
    """The bank's answer to an inquiry; empty texts for missing fields, `fils` None without an amount."""

    result: str
    trackid: str = ""
    payment_id: str = ""
    tran_id: str = ""
    ref: str = ""
    auth: str = ""
    postdate: str = ""
    auth_resp_code: str = ""
    fils: int | None = None
    error_code: str = ""
    credited_fils: int | None = None


def agrees(answer: InquiryAnswer, *, trackid: str, fils: int, payment_id: str | None) -> bool:
    """Whether an answer is about our attempt: track id, amount and, once known, payment id."""
    return (
        answer.trackid == trackid
        and answer.fils == fils
        and bool(answer.payment_id)
        and (not payment_id or answer.payment_id == payment_id)
    )


def judge(answer: InquiryAnswer, *, trackid: str, fils: int, payment_id: str | None) -> InquiryOutcome:
    """The meaning of an answer. A capture that does not agree with the attempt is a mismatch."""
    if NOT_FOUND_CODE in answer.error_code or (answer.result.startswith("!ERROR!") and NOT_FOUND_CODE in answer.result):
        return InquiryOutcome.NOT_FOUND
    outcome = RESULTS.get(answer.result, InquiryOutcome.UNKNOWN)
    if outcome is InquiryOutcome.CAPTURED and not agrees(answer, trackid=trackid, fils=fils, payment_id=payment_id):
        return InquiryOutcome.MISMATCH
    if outcome in NOT_PAID and answer.trackid and answer.trackid != trackid:
        return InquiryOutcome.MISMATCH
    return outcome


def judge_refund(answer: InquiryAnswer, *, trackid: str, fils: int) -> str:
    """The meaning of the answer to a refund: paid, refused or unknown. Only an answer about our own payment counts.

    Unknown too where the card's bank did not answer the gateway in time: it may have paid.
    """
    if HOST_TIMEOUT_CODE in f"{answer.error_code} {answer.result}":
        return "unknown"
    if answer.result.startswith("!ERROR!") or answer.error_code:
        return "refused"
    outcome = RESULTS.get(answer.result, InquiryOutcome.UNKNOWN)
    if outcome is InquiryOutcome.CAPTURED:
        return "paid" if answer.trackid == trackid and answer.fils == fils else "unknown"
    is_refusal = outcome in NOT_PAID and outcome is not InquiryOutcome.TIMED_OUT
    return "refused" if is_refusal and answer.trackid == trackid else "unknown"


def judge_credit(answer: InquiryAnswer, *, trackid: str, before: int, fils: int) -> str:
    """The outcome of a refund without an answer: paid, unpaid or unknown, by the sum returned so far that an inquiry names.

    `before`: fils returned earlier. Unknown where the bank names no such sum (assumption).
    """
    if answer.trackid != trackid or answer.credited_fils is None:
        return "unknown"
    return {before + fils: "paid", before: "unpaid"}.get(answer.credited_fils, "unknown")


class Hint(StrEnum):
    """An unauthenticated claim: of the notification, the error page or the person. It only affects when we inquire."""

    NONE = ""
    CAPTURED = "captured"
    CANCELLED = "cancelled"
    OTHER = "other"
    ERROR = "error"
    GIVEN_UP = "given_up"


def hint_of(result: str) -> Hint:
    """The hint of a notification's result."""
    return {InquiryOutcome.CAPTURED: Hint.CAPTURED, InquiryOutcome.CANCELLED: Hint.CANCELLED}.get(
        RESULTS.get(result, InquiryOutcome.UNKNOWN), Hint.OTHER
    )


def move_for(outcome: InquiryOutcome, *, hint: str, page_is_over: bool, is_last: bool) -> tuple[str, str]:
    """The move and reason for an open attempt after an inquiry without an agreeing capture; ("", "") to inquire again.

    "Not found" does not end an attempt while the bank's page may be open, unless a hint says that it was left. Unknown at the end
    of the schedule: a mismatch for staff.
    """
    if outcome in NOT_PAID:
        return {
            InquiryOutcome.DECLINED: "decline",
            InquiryOutcome.CANCELLED: "cancel",
            InquiryOutcome.TIMED_OUT: "time_out",
            InquiryOutcome.DENIED: "deny",
        }[outcome], ""
    if outcome is InquiryOutcome.MISMATCH:
        return "doubt", "disagrees"
    if outcome is InquiryOutcome.NOT_FOUND:
        if hint in (Hint.CANCELLED, Hint.GIVEN_UP):
            return "cancel", ""
        if hint == Hint.ERROR or page_is_over:
            return "expire", ""
    return ("doubt", "no_answer") if is_last else ("", "")


def next_step(step: int, *, is_open: bool, is_plain_refusal: bool) -> int | None:
    """The following step of the schedule after `step` (counted from 1), None at its end."""
    last = len(SCHEDULE_MINUTES) if is_open or not is_plain_refusal else DECLINED_STEPS
    return step + 1 if step < last else None


def step_due(redirected_at: dt.datetime, step: int) -> dt.datetime:
    """When the step (from 1) of the schedule is due."""
    return redirected_at + dt.timedelta(minutes=SCHEDULE_MINUTES[step - 1])
