"""Invariants of violations."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from municipality.cases.models import Block
from municipality.documents.models import Counter
from municipality.documents.states import LIVE
from municipality.kernel import clock
from municipality.kernel.transitions import state_findings
from payments.models import Bill, RefundDue
from payments.rules import DEPOSITS
from payments.states import BillState, RefundState
from violations.models import AppealRuling, Charge, Judgment, Objection, PaperRow, Plan, SettlementOrder, Violation
from violations.queries import COURT_FILS
from violations.services.blocks import GROUND, UNPAID
from violations.states import GIVES_BACK, NO_NOTICE, ViolationState

V = ViolationState
_GRACE = dt.timedelta(days=2)
_NUMBER = re.compile(r"(?P<series>[A-Z]{3}-\d{4})-(?P<number>\d+)-.")


def findings() -> Iterator[str]:
    """Gaps in numbers, states without what justifies them, wrong sums, and blocks without an unpaid violation."""
    yield from state_findings(Violation)
    yield from state_findings(Plan)
    yield from _gaps("number", "VIO")
    yield from _gaps("warning_number", "WRN")
    yield from _paper()
    yield from _appeals()
    for row in Violation.objects.filter(state=V.ORDERED, orders__isnull=True)[:50]:
        yield f"{row.reference} is to be settled and has no order"
    duplicates = (
        Charge.objects.filter(bill__state=BillState.DUE).values("violation", "kind").annotate(count=Count("pk")).filter(count__gt=1)
    )
    for duplicate in duplicates[:50]:
        yield f"violation {duplicate['violation']} has {duplicate['count']} bills of one kind that wait for payment"
    paid = Bill.objects.filter(
        state=BillState.PAID, pk__in=Charge.objects.exclude(violation__state__in=[V.PAID, V.INSTALMENTS, V.ORDERED]).values("bill")
    )
    # Paid in part: the rest of a plan that fell, of which the bank took a part back, and a fine that a ruling on appeal changed.
    whole = Charge.objects.exclude(kind="instalment").exclude(kind="settlement", violation__plan__isnull=False)
    whole = whole.exclude(judgment__appeal__isnull=False)
    for bill in paid.filter(pk__in=whole.values("bill"))[:50]:
        yield f"bill {bill.reference} is paid, its violation is not"
    parts = Charge.objects.exclude(kind="court").filter(bill__state=BillState.PAID, violation__state__in=GIVES_BACK)
    for charge in parts.select_related("violation", "bill")[:50]:
        yield f"bill {charge.bill.reference} is paid for a part of {charge.violation.reference}, which is {charge.violation.state}"
    for row in Violation.objects.filter(state__in=NO_NOTICE, notice__state__in=LIVE)[:50]:
        yield f"the notice of {row.reference} is in force, which is {row.state}"
    known = ["violation_report", "reduction", "rest_of_plan", "no_repetition", "paper"]
    for order in SettlementOrder.objects.exclude(ground__in=known)[:50]:
        yield f"order {order.pk} has no known ground"
    bounded = Violation.objects.filter(offence_facts__band_unit="each").exclude(offence_facts__band_max_fils=None)
    bounded = bounded.annotate(most=Cast(KT("offence_facts__band_max_fils"), BigIntegerField()))
    for row in bounded.filter(orders__ground="violation_report", orders__fils__gt=F("most"))[:50]:
        yield f"the settlement order of {row.reference} asks for more than the court could impose"
    for objection in Objection.objects.filter(case__branch=F("violation__branch"))[:50]:
        yield f"objection {objection.pk} is decided by the branch that wrote the violation report"
    open_cases = Objection.objects.filter(case__is_open=True).exclude(violation__state=V.OBJECTED)
    for objection in open_cases[:50]:
        yield f"objection {objection.pk} is open, its violation is not under objection"
    for row in Violation.objects.filter(state=V.OBJECTED).filter(Q(objection__isnull=True) | Q(objection__case__is_open=False))[:50]:
        yield f"{row.reference} waits for an objection that nobody studies"
    for row in Violation.objects.filter(state__in=[V.OBJECTED, V.INSTALMENTS], paper__isnull=True, service__isnull=True)[:50]:
        yield f"{row.reference} was acted on and its notice is not served"
    unpaid_keys = {f"violation:{row.public_id}" for row in Violation.objects.filter(state__in=UNPAID).only("public_id")}
    for block in Block.objects.filter(ground=GROUND, lifted_at__isnull=True):
        if block.source not in unpaid_keys:
            yield f"{block.subject} is stopped by {block.source}, which is not unpaid"
    for row in Violation.objects.filter(state=V.ORDERED, settle_until__lt=clock.today() - _GRACE)[:50]:
        yield f"{row.reference}: its settlement period is over since days and did not end"


def _appeals() -> Iterator[str]:
    """What is owed and paid of a fine agrees with the newest ruling that two people confirmed."""
    newest = AppealRuling.objects.filter(judgment=OuterRef("pk"), confirmed_at__isnull=False).order_by("-pk").values("pk")[:1]
    for judgment in Judgment.objects.alias(newest=Subquery(newest)).exclude(appeal=F("newest")).filter(newest__isnull=False)[:50]:
        yield f"judgment {judgment.ruling_no} was changed on appeal and still stands"
    rows = Violation.objects.filter(judgment__appeal__isnull=False).annotate(left=COURT_FILS)
    for row in rows.filter(left__lt=0)[:50]:
        yield f"{row.reference}: more is paid than the court set"
    for row in rows.filter(left__gt=0, state=V.PAID)[:50]:
        yield f"{row.reference}: less is paid than the court set"
    due = Charge.objects.filter(kind="court", bill__state=BillState.DUE, violation=OuterRef("pk"))
    due = due.exclude(bill__total_fils=OuterRef("left"))
    for row in rows.filter(Exists(due))[:50]:
        yield f"a bill of {row.reference} waits for payment of another sum than the court set"
    parts = RefundDue.objects.exclude(state=RefundState.RELEASED).exclude(line__revenue_account=DEPOSITS).filter(line__isnull=False)
    parts = parts.select_related("line__bill")
    for refund in parts.exclude(line__bill__in=Charge.objects.filter(judgment__appeal__isnull=False).values("bill"))[:50]:
        yield f"of bill {refund.line.bill.reference} less is paid than the court set: a part goes back on no ruling"  # type: ignore[union-attr]


def _paper() -> Iterator[str]:
    """Legacy fines equal the released lines of their files that were not left out, once each, released by a second person."""
    rows = Violation.objects.filter(paper__isnull=False)
    for row in rows.exclude(number=F("paper__number"))[:50]:
        yield f"{row.reference} has another number than its paper record"
    for row in rows.filter(orders__ground="paper").exclude(orders__fils=F("paper__fils"))[:50]:
        yield f"{row.reference} has another sum than its paper record"
    for row in rows.filter(state=V.JUDGED, paper__state="judged").exclude(judgment__fils=F("paper__fils"))[:50]:
        yield f"{row.reference} has another ruling than its paper record"
    for row in rows.filter(Q(paper__file__released_by__isnull=True) | Q(paper__file__released_by=F("paper__file__loaded_by")))[:50]:
        yield f"{row.reference} was carried over without a second person"
    carried = Violation.objects.filter(number=OuterRef("number"))
    missing = PaperRow.objects.filter(file__done_at__isnull=False).exclude(outcome__in=("wrong", "left")).exclude(Exists(carried))
    for line in missing[:50]:
        yield f"line {line.line} of paper file {line.file_id} was released and is not there"


def _gaps(column: str, series: str) -> Iterator[str]:
    """Numbers of a series run from 1 to the value of its counter (domain section 3.3)."""
    used: dict[str, set[int]] = {}
    for text in Violation.objects.filter(**{f"{column}__isnull": False}, paper__isnull=True).values_list(column, flat=True).iterator():
        match = _NUMBER.fullmatch(text)
        if match is None:
            yield f"{text} is no number of {series}"
        else:
            used.setdefault(match["series"], set()).add(int(match["number"]))
    counters = dict(Counter.objects.filter(series__startswith=f"{series}-").values_list("series", "last"))
    for name, last in sorted(counters.items()):
        missing = set(range(1, last + 1)) - used.get(name, set())
        if missing:
            yield f"{name} lacks {len(missing)} numbers, the first of them {min(missing)}"
