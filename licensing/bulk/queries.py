"""Queries of renewals in one act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from licensing.bulk import periods
from licensing.bulk.periods import NewPeriod
from licensing.health.states import RenewalState
from licensing.models import BatchLine, BatchLineState, RenewalBatch
from licensing.signage.states import BOARDS, BoardsState
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.ui.texts import Text
from payments.models import Bill
from payments.queries import BasketItem, items_of
from payments.states import BillState
from shops.register import queries as registered

WAITING, REFUSED = BatchLineState.WAITING, BatchLineState.REFUSED


def visible_to(user: User) -> QuerySet[RenewalBatch]:
    """The batches that a person asked for."""
    return RenewalBatch.objects.filter(person=user)


def queue_of(case: Case) -> str:
    """The queue of jobs in which the licence of a renewal waits: "bulk" behind those asked for alone, or "" for the usual one."""
    return "bulk" if BatchLine.objects.filter(case=case).exists() else ""


@dataclass
class Progress:
    """The lines of a batch by their state, what is due, and how many licences are issued."""

    waiting: list[BatchLine] = field(default_factory=list)
    refused: list[BatchLine] = field(default_factory=list)
    sent: list[tuple[BatchLine, Text, list[NewPeriod]]] = field(default_factory=list)  # with the state of its request and the new periods
    due: list[Bill] = field(default_factory=list)  # what can be paid now
    unpayable: list[BasketItem] = field(default_factory=list)  # bills that cannot, each with the reason, as in the basket
    issued: int = 0
    count: int = 0

    @property
    def done(self) -> int:
        """How many lines have their result."""
        return self.count - len(self.waiting)

    @property
    def fils(self) -> int:
        """What is to be paid, in fils."""
        return sum(bill.total_fils for bill in self.due)


def progress(batch: RenewalBatch) -> Progress:
    """How far a batch is, by the requests that its person may see now: the right to act for another may have ended since.

    Four queries, those of `cases.visible_to`, and those of the basket about what is due.
    """
    seen = Q(case=None) | Q(case__in=cases.visible_to(batch.person))
    lines = list(batch.lines.filter(seen).select_related("shop", "case"))
    registered.attach_names([line.shop for line in lines])
    result, new = Progress(count=len(lines)), periods.of_lines([line for line in lines if _is_promised(line.case)])
    for line in lines:
        if line.state == WAITING:
            result.waiting.append(line)
        elif line.case is None:
            result.refused.append(line)
        else:
            result.sent.append((line, _label(line.case), new.get(line.case.pk, [])))
            result.issued += line.case.state == "issued"
    for item in items_of(_due([line.case for line, *_rest in result.sent if line.case is not None and line.case.is_open])):
        if item.can_choose and item.bill is not None:
            result.due.append(item.bill)
        else:
            result.unpayable.append(item)
    return result


def _is_promised(case: Case | None) -> bool:
    """Whether a licence may still come of a request, or has."""
    return case is not None and (case.is_open or case.state == "issued")


def _label(case: Case) -> Text:
    return (BoardsState if case.service == BOARDS else RenewalState)(case.state).label


def _due(sent: Sequence[Case]) -> list[Bill]:
    return list(Bill.objects.filter(subject__in=[case.key for case in sent], state=BillState.DUE).order_by("pk"))
