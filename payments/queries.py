"""Queries of bills, receipts and refunds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from django.db.models import Case as Choose
from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Concat

from municipality.accounts.models import Organisation, User
from municipality.accounts.requests import Visitor
from municipality.cases.models import Case
from municipality.kernel import clock, subjects
from municipality.ui.texts import Text
from payments import rules
from payments.deadlines import last_days
from payments.models import (
    Allocation,
    Attempt,
    BankMessageKind,
    Bill,
    BillLine,
    CallbackBytes,
    GatewayMessage,
    PaymentFinding,
    Receipt,
    RefundDue,
)
from payments.registry import BILLED, VISITORS, Due, dues_of
from payments.rights import delegated_among, payable_by, refunds_of
from payments.states import AT_BANK, CHECKED, OWED, AttemptState, BillState, RefundState


def visible_to(user: Visitor) -> QuerySet[Bill]:
    """Bills that a person is to pay: their own, of requests of organisations that they sign for, or by delegation. None for staff."""
    if not user.is_authenticated or user.is_staff:
        return Bill.objects.none()
    return Bill.objects.filter(payable_by(user))


def may_leave(user: User, attempt: Attempt) -> bool:
    """Whether a person is asked if the bank's page was left (`services.give_up`): they began the payment or are to pay all its bills.

    Nobody is asked twice.
    """
    is_whole = attempt.started_by_id == user.pk or not attempt.allocations.exclude(bill__in=visible_to(user)).exists()
    return attempt.hint == "" and is_whole


def visitor_may_pay(bill: Bill) -> bool:
    """Whether somebody who is not signed in may pay a bill now (registry.VISITORS). Inside a transaction, the bill locked."""
    check = VISITORS.get(bill.kind)
    return check is not None and check(bill)


def was_paid_by_visitor(bill_id: int) -> bool:
    """Whether the payment that settled a bill was begun by a visitor."""
    return Allocation.objects.filter(bill=bill_id, is_settled=True, attempt__started_by__isnull=True).exists()


def was_in_review(bill_id: int) -> bool:
    """Whether the payment that settled a bill was under review."""
    return Allocation.objects.filter(bill=bill_id, is_settled=True, attempt__events__move="doubt").exists()


def bill_of(subject: str) -> Bill | None:
    """The newest bill of a subject such as `case:<public id>` that is not void."""
    return Bill.objects.filter(subject=subject).exclude(state=BillState.VOID).order_by("-pk").first()


def case_of_bill(bill_id: int) -> Case:
    """The case that a bill is for, with its applicant and branch. Raises Case.DoesNotExist."""
    subject = Bill.objects.values_list("subject", flat=True).get(pk=bill_id)
    return Case.objects.select_related("applicant", "branch").get(public_id=subjects.parse(subject).id)


def due_bills(keys: Sequence[str]) -> list[Bill]:
    """The bills of subjects that can be paid, in the order in which they were issued."""
    return list(Bill.objects.filter(subject__in=keys, state=BillState.DUE).order_by("pk"))


def receipts_of(subject: str) -> QuerySet[Receipt]:
    """Valid receipts of the bills of a subject; not those that the bank reversed."""
    return Receipt.objects.filter(bill__subject=subject, allocation__is_settled=True)


def receipt_numbers(subject: str) -> list[str]:
    """The numbers of `receipts_of` that have a document, oldest first."""
    return list(receipts_of(subject).filter(document__isnull=False).order_by("pk").values_list("number", flat=True))


def lines_of(bill: Bill) -> list[BillLine]:
    """The lines of a bill in order."""
    return list(BillLine.objects.filter(bill=bill).order_by("order"))


def receipts_visible_to(user: Visitor) -> QuerySet[Receipt]:
    """Receipts of the bills that `visible_to` shows."""
    if not user.is_authenticated or user.is_staff:
        return Receipt.objects.none()
    return Receipt.objects.filter(payable_by(user, "bill__")).select_related("bill", "document__file", "allocation__attempt")


ACCOUNT_FIELDS = (
    *("order", "code", "label_ar", "label_en", "formula_ar", "formula_en", "fils"),
    *("bill__public_id", "bill__kind", "bill__subject", "bill__payer", "bill__total_fils", "bill__state"),
)


@dataclass(frozen=True)
class SubjectAccount:
    """What a subject has paid and owes: `bill_of` it with its lines in order, its `receipt_numbers`, and the fils of `refund_of` it."""

    bill: Bill | None
    lines: list[BillLine]
    receipts: list[str]
    refund_fils: int
    is_checked: bool = False  # a payment of the bill waits for the bank's answer, or for a person


def account_of(subject: str) -> SubjectAccount:
    """The account of a subject, in one statement, with the fields that a case page shows. A bill has at most one valid receipt."""
    receipt = Receipt.objects.filter(bill=OuterRef("bill"), allocation__is_settled=True, document__isnull=False)
    refund = RefundDue.objects.filter(subject=subject, state__in=OWED).order_by("-pk")
    checked = Attempt.objects.filter(allocations__bill=OuterRef("bill"), allocations__is_open=True, state__in=CHECKED)
    columns = {"receipt": Subquery(receipt.values("number")[:1]), "refund_fils": Subquery(refund.values("fils")[:1])}
    of_subject = BillLine.objects.filter(bill__subject=subject).select_related("bill").only(*ACCOUNT_FIELDS)
    found: QuerySet[Any] = of_subject.annotate(is_checked=Exists(checked), **columns)
    rows = sorted(found.order_by(), key=lambda row: (row.bill_id, row.order))  # few lines: ordered by SQL they cost Django more
    bill = next((row.bill for row in reversed(rows) if row.bill.state != BillState.VOID), None)
    lines = [row for row in rows if bill is not None and row.bill_id == bill.pk]
    receipts = {row.bill_id: row.receipt for row in rows if row.receipt is not None}
    refund_fils = (rows[0].refund_fils or 0) if rows else 0
    return SubjectAccount(bill, lines, list(receipts.values()), refund_fils, any(row.is_checked for row in lines))


@dataclass(frozen=True)
class BillStatus:
    """Status of a bill: `step` is one of due, at_bank, checking, review, paid, refund_due, void."""

    step: str
    attempt: Attempt | None
    receipt: Receipt | None

    @property
    def can_pay(self) -> bool:
        return self.step == "due"


STEPS = {AttemptState.REDIRECTED: "at_bank", AttemptState.CONFIRMING: "checking", AttemptState.MISMATCH: "review"}


def status_of(bill: Bill) -> BillStatus:
    """The status of a bill with its open attempt and its valid receipt, if any."""
    if bill.state != BillState.DUE:
        receipt = Receipt.objects.filter(bill=bill, allocation__is_settled=True).select_related("document", "allocation__attempt").first()
        return BillStatus(str(bill.state), receipt.allocation.attempt if receipt else None, receipt)
    attempt = Attempt.objects.filter(allocations__bill=bill, allocations__is_open=True).first()
    if attempt is None or attempt.state not in AT_BANK:
        return BillStatus("due", attempt, None)
    return BillStatus(STEPS[AttemptState(attempt.state)], attempt, None)


def refund_of(subject: str) -> RefundDue | None:
    """The refund owed for a subject such as `case:<public id>`, if any."""
    return RefundDue.objects.filter(subject=subject, state__in=OWED).order_by("-pk").first()


class ItemFacts(TypedDict, total=False):
    """What the service of a line says about it."""

    is_offer: bool
    shop: str
    url: str
    name_ar: str
    name_en: str
    shop_name_ar: str
    shop_name_en: str
    reference: str
    left: Text
    no_day: Text
    stopped: Text


@dataclass(frozen=True)
class BasketItem:
    """One line of a person's basket. `step` is due, at_bank, checking, review, too_late, stopped or passed_on; only due can be chosen."""

    code: str  # bill:<public id>, or due:<kind>:<key>
    title_ar: str
    title_en: str
    fils: int
    step: str
    note: Text = ""
    until: dt.date | None = None
    bill: Bill | None = None
    attempt: Attempt | None = None
    is_offer: bool = False
    shop: str = ""  # key of the shop that it is about, of dues
    url: str = ""  # page of what it is for, of dues
    name_ar: str = ""  # what is paid for; empty: the title
    name_en: str = ""
    shop_name_ar: str = ""
    shop_name_en: str = ""
    reference: str = ""
    left: Text = ""
    no_day: Text = ""
    stopped: Text = ""
    for_whom: User | Organisation | None = None  # whose a bill is that the person pays by delegation

    @property
    def can_choose(self) -> bool:
        return self.step == "due"

    @property
    def value(self) -> str:
        """The value of its check box: the code and the amount shown."""
        return f"{self.code}:{self.fils}"


def items_of(bills: Sequence[Bill], until: Mapping[int, dt.date] | None = None) -> list[BasketItem]:
    """The lines of due bills in a basket, in their order: each says whether it can be paid now, and why not. One query and of services.

    `until` are the last days to pay them by primary key, where they are to be shown.
    """
    open_allocations = Allocation.objects.filter(bill__in=bills, is_open=True, attempt__state__in=AT_BANK).select_related("attempt")
    at_bank = {allocation.bill_id: allocation.attempt for allocation in open_allocations} if bills else {}
    dues, days = described(bills), until or {}
    return [_item(bill, at_bank.get(bill.pk), dues.get(bill.pk), days.get(bill.pk)) for bill in bills]


def basket_of(user: Visitor, without: Collection[str] | QuerySet[Any] = ()) -> list[BasketItem]:
    """Everything that a person can pay or is paying: due bills, then dues without a bill. Two queries and those of the services.

    The services are not asked about the bills of the subjects `without`, which are left out.
    """
    due = visible_to(user).filter(state=BillState.DUE).exclude(subject__in=without)
    bills = list(due.select_related("payer").order_by("pk"))
    items = items_of(bills, last_days(bills))
    delegated = delegated_among(bills, user) if user.is_authenticated else {}
    items = [replace(item, for_whom=delegated.get(item.bill.pk)) if item.bill is not None else item for item in items]
    if user.is_authenticated and not user.is_staff:
        items += [
            BasketItem(
                f"due:{due.kind}:{due.key}",
                due.title_ar,
                due.title_en,
                due.fils,
                "too_late" if due.until is not None and due.until < clock.today() else "due",
                due.note,
                due.until,
                **_facts(due),
            )
            for due in dues_of(user)
        ]
    return items


def is_at_bank(subject: Concat) -> Exists:
    """Whether a due bill of a subject, an expression for its key, is in a payment that the bank has not answered."""
    return Exists(Allocation.objects.filter(bill__subject=subject, bill__state=BillState.DUE, is_open=True, attempt__state__in=AT_BANK))


def described(bills: Sequence[Bill]) -> dict[int, Due]:
    """What bills are for, as their services say, by primary key."""
    found: dict[int, Due] = {}
    for kind in sorted({bill.kind for bill in bills} & BILLED.keys()):
        found |= BILLED[kind]([bill for bill in bills if bill.kind == kind])
    return found


def last_day_of(bill: Bill, due: Due | None) -> dt.date | None:
    """The last day on which a bill is taken: as its service says now, since it may have moved after the bill was made."""
    return due.until if due is not None and due.until is not None else bill.due_until


def is_too_late(bills: Sequence[Bill], dues: Mapping[int, Due]) -> bool:
    """Whether the last day of one of the bills has passed (`last_day_of`); `dues` are what they are for (`described`)."""
    today = clock.today()
    return any((last_day_of(bill, dues.get(bill.pk)) or today) < today for bill in bills)


def stopped(bills: Sequence[Bill], dues: Mapping[int, Due] | None = None) -> Text:
    """Why the first of the bills that cannot be paid now is stopped, and what comes first; empty where all can. `dues` as above."""
    return next((due.stopped for due in (described(bills) if dues is None else dues).values() if due.stopped), "")


def _facts(due: Due | None) -> ItemFacts:
    if due is None:
        return {}
    return {
        "is_offer": due.is_offer,
        "shop": due.shop,
        "url": due.url,
        "name_ar": due.name_ar,
        "name_en": due.name_en,
        "shop_name_ar": due.shop_name_ar,
        "shop_name_en": due.shop_name_en,
        "reference": due.reference,
        "left": due.left,
        "no_day": due.no_day,
        "stopped": due.stopped,
    }


def _item(bill: Bill, attempt: Attempt | None, due: Due | None, until: dt.date | None) -> BasketItem:
    step, last_day = STEPS[AttemptState(attempt.state)] if attempt else "due", last_day_of(bill, due)
    if attempt is not None and step == "at_bank" and attempt.hint:  # the bank's page was left: we ask what became of the payment
        step = "checking"
    if attempt is None and last_day is not None and last_day < clock.today():
        step = "too_late"
    elif attempt is None and due is not None and due.stopped:
        step = "passed_on" if due.is_others else "stopped"
    return BasketItem(
        f"bill:{bill.public_id}",
        bill.title_ar,
        bill.title_en,
        bill.total_fils,
        step,
        due.note if due is not None else "",
        last_day or until,
        bill,
        attempt,
        **_facts(due),
    )


def taken_fils(attempt_ids: Collection[int]) -> dict[int, int]:
    """Primary key of a payment → what the bank took, by what two people found in its records or else the amount of the payment."""
    found = PaymentFinding.objects.filter(attempt__in=attempt_ids, is_taken=True, is_confirmed=True).values_list("attempt", "fils")
    return dict(Attempt.objects.filter(pk__in=attempt_ids).values_list("pk", "fils")) | {pk: fils for pk, fils in found if fils is not None}


def was_found(attempt: Attempt) -> bool:
    """Whether two people found in the bank's records that it took money for a payment: that goes back by bank transfer only."""
    return attempt.findings.filter(is_taken=True, is_confirmed=True).exists()


PaidBill = tuple[Bill, Receipt | None, RefundDue | None, list[RefundDue]]


def payment_history(user: User, *, before: int | None = None, limit: int = 25) -> list[PaidBill]:
    """The bills of a person, those due first, then the newest first; three queries.

    Each with its valid receipt, its refund and the deposits of it that are returned.

    `before` is the primary key of the last bill of the page before; with it one query more.
    """
    is_settled = Choose(When(state=BillState.DUE, then=0), default=1, output_field=IntegerField())
    bills = visible_to(user).annotate(is_settled=is_settled).order_by("is_settled", "-issued_at", "-pk")
    if before is not None:
        last = bills.filter(pk=before).values_list("is_settled", "issued_at").first()
        if last is None:
            return []
        older = Q(issued_at__lt=last[1]) | Q(issued_at=last[1], pk__lt=before)
        bills = bills.filter(Q(is_settled__gt=last[0]) | Q(older, is_settled=last[0]))
    rows = list(bills[:limit])
    valid_receipts = receipts_visible_to(user).filter(bill__in=rows, allocation__is_settled=True)
    receipts = {receipt.bill_id: receipt for receipt in valid_receipts}
    owed = RefundDue.objects.filter(Q(allocation__bill__in=rows) | Q(line__bill__in=rows)).exclude(state=RefundState.RELEASED)
    refunds: dict[int, RefundDue] = {}
    deposits: dict[int, list[RefundDue]] = {}
    for refund in owed.select_related("allocation", "line").order_by("pk"):
        if refund.allocation is not None:
            refunds[refund.allocation.bill_id] = refund
        elif refund.line is not None:
            deposits.setdefault(refund.line.bill_id, []).append(refund)
    return [(bill, receipts.get(bill.pk), refunds.get(bill.pk), deposits.get(bill.pk, [])) for bill in rows]


def returned_parts(bill: Bill) -> list[RefundDue]:
    """The deposits of a bill, or parts of its lines, that are owed back or were returned, in the order of its lines; one query."""
    rows = RefundDue.objects.filter(line__bill=bill).exclude(state=RefundState.RELEASED)
    return list(rows.select_related("line").order_by("line__order", "pk"))


def whole_refunds(user: Visitor) -> list[RefundDue]:
    """Refunds of whole payments, whose bills were not due any more."""
    if not user.is_authenticated or user.is_staff:
        return []
    refunds = RefundDue.objects.filter(refunds_of(user), allocation__isnull=True, line__isnull=True)
    return list(refunds.exclude(state=RefundState.RELEASED).select_related("attempt").order_by("-pk")[:50])


def callbacks_are_full() -> bool:
    """Whether unauthenticated messages to the callback addresses have reached a cap of this hour or today."""
    now = clock.now().astimezone(clock.KUWAIT)
    keys = [key for group in ("nobody", "named") for key in rules.counter_keys(group, now)]
    return CallbackBytes.objects.filter(key__in=keys, full_at__isnull=False).exists()


def gateway_answers() -> bool | dt.datetime | None:
    """Whether the payment gateway answered the last of the recent inquiries; else when it failed to. None: none for five minutes."""
    answers = GatewayMessage.objects.filter(kind=BankMessageKind.INQUIRY_RESPONSE).order_by("-pk")
    last = answers.only("decoded", "at").first()  # by the primary key: `at` has no index
    if last is None or last.at < clock.now() - dt.timedelta(minutes=5):
        return None
    return last.at if "failure" in last.decoded else True
