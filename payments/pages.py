"""The receipt page of an attempt: texts of each state, and its context."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.kernel import clock
from municipality.ui.texts import Text
from payments import queries
from payments.deadlines import last_days
from payments.models import Attempt, Bill, Inquiry, Receipt
from payments.queries import BasketItem
from payments.registry import OUTCOMES, PARTS, PaidOutcome
from payments.rules import RESULTS, Hint
from payments.services.attempts import is_session_of, started_by_visitor
from payments.states import UNPAID, AttemptState, BillState
from payments.status_texts import FOUND, LEFT, PARTLY, REFUSED, REPORTED, RETURNED, REVERSED, STATUS_TEXTS, StatusText

A = AttemptState
OVER = _("No bill of this payment can be paid any more. The page of what it was for shows whether anything is still to be paid.")
PAID_AGAIN = frozenset({*UNPAID, A.CREATED, A.VOIDED})  # their texts ask to pay


@dataclass(frozen=True)
class ReceiptRow:
    """A bill of the payment with its receipt; `url` of the sealed receipt, empty before it is sealed."""

    bill: Bill
    receipt: Receipt | None
    url: str = ""
    outcome: PaidOutcome | None = None  # of several bills, what this one has brought
    parts: Sequence[Text] = ()  # of what the bill is for, such as its boards
    back: str = ""  # "refund_due" or "refunded", where what was paid for this bill goes back or went back


@dataclass(frozen=True)
class ResultPage:
    step: str
    text: StatusText
    is_owner: bool
    is_waiting: bool
    attempt: Attempt | None = None
    inquiry: Inquiry | None = None
    rows: list[ReceiptRow] = field(default_factory=list)
    payable: Bill | None = None
    until: dt.date | None = None  # the last day to pay `payable`
    is_visitor: bool = False
    case_id: str = ""
    violation_id: str = ""
    awaits_document: bool = False
    may_leave: bool = False
    outcome: PaidOutcome | None = None
    is_over: bool = False  # not paid, and no bill of it is due any more, or its last day has passed

    @property
    def todo(self) -> Text:
        """What to do; never to pay what is not due any more."""
        return OVER if self.is_over else self.text.todo

    @property
    def look(self) -> str:
        """ok, bad (no money was taken), calm (the bank reports a payment), wait or warn."""
        if self.text is REPORTED:
            return "calm"
        if self.is_waiting and self.text.tag == "wait":
            return "wait"
        if self.text.tag == "ok":
            return "ok"
        return "bad" if self.step in NOT_PAID or self.text is REVERSED else "warn"

    @property
    def is_paid(self) -> bool:
        """Whether the payment stands: paid, and not returned or to be returned."""
        return self.text is STATUS_TEXTS[A.PAID]

    @property
    def told(self) -> list[ReceiptRow]:
        """Of several bills, those of which the page says one by one what became of them: all, where one goes back."""
        if len(self.rows) > 1 and any(row.back for row in self.rows):
            return self.rows
        return [row for row in self.rows if row.outcome is not None]

    @property
    def bank_result(self) -> str:
        """The result as the bank names it; empty before its answer, and where it answered with an error only."""
        return self.inquiry.result if self.inquiry is not None and self.inquiry.result in RESULTS else ""

    @property
    def asks_feedback(self) -> bool:
        """Whether the payer is asked how it was: once the page no longer reloads, which would lose what is being written."""
        return self.is_owner and self.is_paid and not self.is_waiting

    @property
    def sealed(self) -> list[ReceiptRow]:
        """Those whose receipt can be downloaded."""
        return [row for row in self.rows if row.url]

    @property
    def heading(self) -> Text:
        if self.is_paid and self.outcome is not None and self.outcome.is_done and self.outcome.title:
            return self.outcome.title
        return _("The payment did not go through") if self.look == "bad" else self.text.heading

    @property
    def total(self) -> int:
        """The amount of the payment in fils."""
        return sum(row.bill.total_fils for row in self.rows)


NOT_PAID = frozenset({*map(str, UNPAID), str(A.VOIDED)})
BACK = frozenset({BillState.REFUND_DUE, BillState.REFUNDED})
SEALING_TIME = dt.timedelta(minutes=15)


def is_owner(attempt: Attempt, user: Visitor, session_key: str | None) -> bool:
    """Whether a visitor may see the details: they may see a bill, or their session began the attempt without signing in."""
    if started_by_visitor(attempt, session_key):
        return True
    if user.is_authenticated:
        return queries.visible_to(user).filter(allocations__attempt=attempt).exists()
    return is_session_of(attempt, session_key)


def _receipts(attempt: Attempt) -> dict[int, Receipt]:
    receipts = Receipt.objects.filter(allocation__attempt=attempt).select_related("document", "bill")
    return {receipt.bill_id: receipt for receipt in receipts}


def step_of(attempt: Attempt) -> str:
    """A code of what the page shows, which changes with it."""
    if attempt.state != A.PAID:
        return str(attempt.state)
    receipts = list(_receipts(attempt).values())
    return _paid_step(receipts, outcome_of([receipt.bill for receipt in receipts]))


def _paid_step(receipts: Sequence[Receipt], outcome: PaidOutcome | None) -> str:
    states = {receipt.bill.state for receipt in receipts}
    if back := states & BACK:
        if back != states:
            return "paid-partly"
        return "paid-refused" if BillState.REFUND_DUE in back else "paid-returned"
    step = "paid-sealed" if receipts and all(receipt.document_id for receipt in receipts) else "paid"
    return f"{step}-done" if outcome is not None and outcome.is_done else step


def outcome_of(bills: Sequence[Bill]) -> PaidOutcome | None:
    """What the only bill of a payment has brought; None for several bills, and where its service says nothing."""
    return OUTCOMES[bills[0].kind](bills[0]) if len(bills) == 1 and bills[0].kind in OUTCOMES else None


def _receipt_url(receipt: Receipt | None, attempt: Attempt, visited: str | None) -> str:
    """The URL of a sealed receipt; `visited` is the violation that a visitor paid, None for others."""
    if receipt is None or receipt.document_id is None or attempt.state != A.PAID:
        return ""
    if visited is None:
        return reverse("payments:receipt", args=[receipt.number])
    try:
        return reverse("violations:receipt", args=[visited, receipt.number])
    except NoReverseMatch:
        return ""


def _rows(bills: Sequence[Bill], receipts: Mapping[int, Receipt], attempt: Attempt, visited: str | None) -> list[ReceiptRow]:
    """The bills of a payment with their parts; where there are several, each with what it has brought."""
    parts: dict[int, Sequence[Text]] = {}
    for kind in sorted({bill.kind for bill in bills} & PARTS.keys()):
        parts |= PARTS[kind]([bill for bill in bills if bill.kind == kind])
    rows = []
    for bill in bills:
        receipt = receipts.get(bill.pk)
        stands = attempt.state == A.PAID and receipt is not None
        outcome = outcome_of([bill]) if stands and len(bills) > 1 and bill.state == BillState.PAID else None
        back = str(bill.state) if stands and bill.state in BACK else ""
        rows.append(ReceiptRow(bill, receipt, _receipt_url(receipt, attempt, visited), outcome, parts.get(bill.pk, ()), back))
    return rows


def status_text(attempt: Attempt, step: str) -> StatusText:
    """The texts for an attempt."""
    if step == "paid-refused":
        return REFUSED
    if step == "paid-returned":
        return RETURNED
    if step == "paid-partly":
        return PARTLY
    if attempt.state == A.REDIRECTED and attempt.hint != "":
        return LEFT
    if attempt.state == A.CONFIRMING and attempt.hint == Hint.CAPTURED:
        return REPORTED
    if attempt.state == A.DECLINED and attempt.hint == Hint.CAPTURED:
        return REVERSED
    if attempt.state == A.REFUND_DUE and queries.was_found(attempt):
        return FOUND
    return STATUS_TEXTS[attempt.state]


def _only_id(kind: str, bills: list[Bill]) -> str:
    """The public id of the only subject of a kind that bills are for; empty for none and for several."""
    ids = {bill.subject.partition(":")[2] for bill in bills if bill.subject.startswith(f"{kind}:")}
    return ids.pop() if len(ids) == 1 else ""


def page_of(attempt: Attempt, *, is_owner: bool, user: User | None = None, is_visitor: bool = False) -> ResultPage:
    """The context of the receipt page; only the texts of the state for other visitors.

    `user` is a signed-in owner, who is shown only those bills of the payment that they may see: others may be of another company.
    `is_visitor`: the owner began the payment without signing in, and goes on where the bill is for, not in their account.
    """
    receipts = _receipts(attempt)
    bills = [a.bill for a in attempt.allocations.select_related("bill").order_by("bill_id")]
    outcome = outcome_of(bills) if attempt.state == A.PAID else None
    step = _paid_step(list(receipts.values()), outcome) if attempt.state == A.PAID else str(attempt.state)
    text = status_text(attempt, step)
    # A receipt is sealed within a minute; a page that is opened much later does not wait.
    is_fresh = attempt.settled_at is not None and clock.now() - attempt.settled_at < SEALING_TIME
    is_whole = step.startswith("paid-sealed") and (outcome is None or outcome.is_done)
    awaits_document = text is STATUS_TEXTS[A.PAID] and is_fresh and not is_whole
    is_waiting = attempt.state in (A.REDIRECTED, A.CONFIRMING, A.CAPTURED_LATE) or awaits_document
    if not is_owner:
        return ResultPage(step, text, False, is_waiting, is_over=attempt.state in PAID_AGAIN and not _payable(bills))
    if user is not None and len(bills) > 1:
        seen = set(queries.visible_to(user).filter(allocations__attempt=attempt).values_list("pk", flat=True))
        bills = [bill for bill in bills if bill.pk in seen]
        if step in ("paid-partly", "paid-refused", "paid-returned"):  # by the bills that they see
            text = status_text(attempt, _paid_step([receipt for pk, receipt in receipts.items() if pk in seen], None))
    violation_id = _only_id("violation", bills)
    visited = violation_id if is_visitor else None
    can_pay = attempt.state in (*PAID_AGAIN, A.REFUND_DUE, A.REFUNDED)  # what came after a reversal pays no bill
    payable = _payable(bills) if can_pay else []
    return ResultPage(
        step,
        text,
        True,
        is_waiting,
        attempt=attempt,
        inquiry=attempt.inquiries.order_by("-pk").first(),
        rows=_rows(bills, receipts, attempt, visited),
        payable=payable[0].bill if payable else None,
        until=payable[0].until if payable else None,
        is_visitor=is_visitor,
        case_id=_only_id("case", bills),
        violation_id=violation_id,
        awaits_document=awaits_document,
        may_leave=attempt.state == A.REDIRECTED and (attempt.hint == "" if user is None else queries.may_leave(user, attempt)),
        outcome=outcome,
        is_over=attempt.state in PAID_AGAIN and not payable,
    )


def _payable(bills: Sequence[Bill]) -> list[BasketItem]:
    """The lines of those that are due and whose last day has not passed."""
    due = [bill for bill in bills if bill.state == BillState.DUE]
    return [item for item in queries.items_of(due, last_days(due)) if item.step != "too_late"]
