"""How payments are judged: plain functions over plain values, no framework.

The gateway's words and their meaning are of KNET's hosted payment page; periods marked *assumption* are ours.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from municipality.kernel import ids

MAX_TRACKID = 19  # an inquiry by track id carries it in a field of 19 characters
DOUBLE_CLICK = dt.timedelta(seconds=5)
# After the acknowledgement: the first inquiry after a setting, then these seconds after the one before.
EAGER_SECONDS = (0, 5, 10, 20, 40, 60)
# After the browser was sent to the bank, whatever we heard: minutes, then hourly to the end of a day (assumption).
SCHEDULE_MINUTES = (2, 5, 10, 20, 40, *range(60, 24 * 60 + 1, 60))
# A declined payment is a plain word of the bank; it is asked about again only as long as a slip could still be mended.
SHORT_SCHEDULE = 5
# A confirmed payment that the bank suddenly does not find is asked about once more before anything is taken back.
DOUBT_SECONDS = 60
# A bank that answers no confirming inquiry for the tries of its job (ten minutes) is asked again, round by round, for so long (assumption).
CONFIRM_AGAIN = dt.timedelta(hours=1)
CONFIRM_WITHIN = dt.timedelta(days=1)
# What anybody can post to the addresses of the bank is kept up to these bytes, and beyond them only counted (technical caps). A message
# of the bank itself, which deciphers and names an attempt, is under none of them. Those that name an attempt and those that name none
# have an hour and a day of their own, so that neither uses up the other's.
KEPT_HEAD = 512  # of one message
KEPT_ROW = 512  # what a row costs beside its text, about
KEPT_OF_ATTEMPT = 16 * 1024
KEPT_OF_HOUR = 256 * 1024
KEPT_OF_DAY = 1024 * 1024
# A refund whose answer was lost is asked about after these minutes; "unpaid" is believed only after the last of the first three.
REFUND_MINUTES = (2, 5, 15, 60, 240, 720, 1440)
REFUND_UNPAID_AFTER = dt.timedelta(minutes=15)


def spans_of(whose: str, local: dt.datetime) -> tuple[str, str]:
    """The keys of the counters of a day and of an hour of Kuwait, for messages that name an attempt (`named`) or none (`nobody`)."""
    return f"{whose}:{local:%Y-%m-%d}", f"{whose}:{local:%Y-%m-%dT%H}"


@dataclass(frozen=True)
class Line:
    """One line of a bill, as the service that charges it has computed it from an edition of the rulebook. `fils` > 0."""

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


class NotPayable(ValueError):
    """The lines do not make a bill; `code` is one of empty, amount, text."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


MAX_FILS = 999_999_999  # ten characters with three decimals


def total(lines: Sequence[Line]) -> int:
    """The sum in fils. Raises NotPayable: a bill has lines, each above nought and with its article, and fits the gateway.

    A bill over nothing does not exist: where nothing is owed there is nothing to pay, and the service goes on without one.
    """
    if not lines:
        raise NotPayable("empty")
    for line in lines:
        if type(line.fils) is not int or line.fils <= 0:
            raise NotPayable("amount")
        if not all((line.code, line.label_ar, line.label_en, line.article_ar, line.article_en, line.edition, line.revenue_account)):
            raise NotPayable("text")
    result = sum(line.fils for line in lines)
    if result > MAX_FILS:
        raise NotPayable("amount")
    return result


# Accounts of the ledger that are no revenue. Their numbers in the state's chart of accounts are given by the export's mapping.
OWED_BACK = "owed-back"
_ACCOUNT = re.compile(r"[A-Z0-9-]{4,20}")
SUSPENSE = "suspense"


def clearing(provider: str) -> str:
    """The account of what a gateway took for us and still has to pay to our bank."""
    return f"clearing-{provider}"


def is_revenue(account: str) -> bool:
    """Whether an account of the ledger is one of revenue: its number comes from the fee in the rulebook."""
    return account not in (OWED_BACK, SUSPENSE) and not account.startswith("clearing-")


def may_correct(source: str, target: str) -> bool:
    """Whether an amount may be moved between two accounts: from one of revenue to another, or between a gateway and suspense."""
    if is_revenue(source):
        return target != source and is_revenue(target) and bool(_ACCOUNT.fullmatch(target))
    ends = {"clearing" if account.startswith("clearing-") else account for account in (source, target)}
    return ends == {"clearing", SUSPENSE}


def new_trackid() -> str:
    """19 letters and digits, 95 random bits; unique per attempt, never derived from a bill."""
    return "".join(secrets.choice(ids.ALPHABET) for _ in range(MAX_TRACKID))


class Outcome(StrEnum):
    """What one inquiry means."""

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
    "CAPTURED": Outcome.CAPTURED,
    "SUCCESS": Outcome.CAPTURED,
    "NOT CAPTURED": Outcome.DECLINED,
    "FAILURE(NOT CAPTURED)": Outcome.DECLINED,
    "CANCELED": Outcome.CANCELLED,
    "CANCELLED": Outcome.CANCELLED,
    "FAILURE(CANCELED)": Outcome.CANCELLED,
    "FAILURE(CANCELLED)": Outcome.CANCELLED,
    "HOST TIMEOUT": Outcome.TIMED_OUT,
    "FAILURE(HOST TIMEOUT)": Outcome.TIMED_OUT,
    "DENIED BY RISK": Outcome.DENIED,
    "FAILURE(DENIED BY RISK)": Outcome.DENIED,
    "FAILURE(SUSPECT)": Outcome.MISMATCH,
}
NOT_FOUND_CODE = "0100263"
NOT_PAID = frozenset({Outcome.DECLINED, Outcome.CANCELLED, Outcome.TIMED_OUT, Outcome.DENIED})


@dataclass(frozen=True)
class InquiryAnswer:
    """What the bank answered to our own inquiry; empty texts where it said nothing. `fils` None where it named no amount."""

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
    """Whether the answer speaks of our attempt: track id, amount to the fils and, once known, the payment id."""
    return (
        answer.trackid == trackid
        and answer.fils == fils
        and bool(answer.payment_id)
        and (not payment_id or answer.payment_id == payment_id)
    )


def judge(answer: InquiryAnswer, *, trackid: str, fils: int, payment_id: str | None) -> Outcome:
    """The meaning of an answer. A captured payment that is not ours to the fils is a mismatch, never paid."""
    if NOT_FOUND_CODE in answer.error_code or (answer.result.startswith("!ERROR!") and NOT_FOUND_CODE in answer.result):
        return Outcome.NOT_FOUND
    outcome = RESULTS.get(answer.result, Outcome.UNKNOWN)
    if outcome is Outcome.CAPTURED and not agrees(answer, trackid=trackid, fils=fils, payment_id=payment_id):
        return Outcome.MISMATCH
    if outcome in NOT_PAID and answer.trackid and answer.trackid != trackid:
        return Outcome.MISMATCH
    return outcome


def judge_refund(answer: InquiryAnswer, *, trackid: str, fils: int) -> str:
    """What the bank's answer to a refund means: paid, refused or unknown. Only a plain word about our own payment is one."""
    if answer.result.startswith("!ERROR!") or answer.error_code:
        return "refused"
    outcome = RESULTS.get(answer.result, Outcome.UNKNOWN)
    if outcome is Outcome.CAPTURED:
        return "paid" if answer.trackid == trackid and answer.fils == fils else "unknown"
    return "refused" if outcome in NOT_PAID and answer.trackid == trackid else "unknown"


def judge_credit(answer: InquiryAnswer, *, trackid: str, before: int, fils: int) -> str:
    """What an inquiry says of a refund whose answer was lost: paid, unpaid or unknown, by the sum returned so far (fils).

    `before` is what had been returned of the payment earlier. A bank that names no such sum leaves it unknown (assumption).
    """
    if answer.trackid != trackid or answer.credited_fils is None:
        return "unknown"
    return {before + fils: "paid", before: "unpaid"}.get(answer.credited_fils, "unknown")


class Hint(StrEnum):
    """What somebody said who cannot be believed: the notification, the error page, the person. It only changes when we ask."""

    NONE = ""
    CAPTURED = "captured"
    CANCELLED = "cancelled"
    OTHER = "other"
    ERROR = "error"
    GIVEN_UP = "given_up"


def hint_of(result: str) -> Hint:
    """The hint in a notification's result."""
    return {Outcome.CAPTURED: Hint.CAPTURED, Outcome.CANCELLED: Hint.CANCELLED}.get(RESULTS.get(result, Outcome.UNKNOWN), Hint.OTHER)


def move_for(outcome: Outcome, *, hint: str, page_is_over: bool, is_last: bool) -> tuple[str, str]:
    """The move of an open attempt after an inquiry that found no agreed capture, and its reason; ("", "") to keep asking.

    "Not found" is no proof of non-payment while the bank's page may still be open, unless the page itself, the error
    page or the person says that it was left. What stays unknown at the end of the schedule is for a person to look at.
    """
    if outcome in NOT_PAID:
        return {Outcome.DECLINED: "decline", Outcome.CANCELLED: "cancel", Outcome.TIMED_OUT: "time_out", Outcome.DENIED: "deny"}[
            outcome
        ], ""
    if outcome is Outcome.MISMATCH:
        return "doubt", "disagrees"
    if outcome is Outcome.NOT_FOUND:
        if hint in (Hint.CANCELLED, Hint.GIVEN_UP):
            return "cancel", ""
        if hint == Hint.ERROR or page_is_over:
            return "expire", ""
    return ("doubt", "no_answer") if is_last else ("", "")


def next_step(step: int, *, is_open: bool, is_plain_refusal: bool) -> int | None:
    """The following step of the schedule after `step` (counted from 1), None at its end."""
    last = len(SCHEDULE_MINUTES) if is_open or not is_plain_refusal else SHORT_SCHEDULE
    return step + 1 if step < last else None


def step_due(redirected_at: dt.datetime, step: int) -> dt.datetime:
    """When the step (from 1) of the schedule is due."""
    return redirected_at + dt.timedelta(minutes=SCHEDULE_MINUTES[step - 1])
