"""Until when bills are to be paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from municipality.cases.models import Case
from municipality.incidents import requests
from payments.models import Bill
from payments.states import BillState


def last_days(bills: Sequence[Bill]) -> dict[int, dt.date]:
    """The last day of each due bill that has one, by primary key: its own, or that after which its unpaid request closes; two queries."""
    due = [bill for bill in bills if bill.state == BillState.DUE]
    by_case = {bill.subject.partition(":")[2]: bill.pk for bill in due if bill.subject.startswith("case:")}
    states = dict(Case.objects.filter(public_id__in=by_case, is_open=True).values_list("public_id", "state")) if by_case else {}
    closing = {by_case[public_id]: until for public_id, until in requests.last_days(states).items()}
    return closing | {bill.pk: bill.due_until for bill in due if bill.due_until is not None}
