"""What was paid on a day, for the cash office and auditors. Amounts are whole fils."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.cases.timeline import TIMELINES
from municipality.kernel import clock
from municipality.ui.forms import DayField
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import Text
from payments.models import Receipt


class DayForm(forms.Form):
    """The day of the list; empty for today."""

    day = DayField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


@dataclass(frozen=True)
class PaidLine:
    """One paid bill; `is_valid` is false once the bank took the payment back."""

    at: dt.datetime
    service: Text
    title: Text
    receipt: str
    payment: str
    fils: int
    is_valid: bool


def paid_on(day: dt.date) -> tuple[list[PaidLine], int]:
    """The bills paid on a day of Kuwait in the order of time, and the total of the valid ones in fils; one query."""
    start = clock.start_of(day)
    rows = Receipt.objects.filter(issued_at__gte=start, issued_at__lt=start + dt.timedelta(days=1))
    lines = [
        PaidLine(
            row.issued_at,
            TIMELINES[row.bill.kind].name if row.bill.kind in TIMELINES else "",
            bilingual(row.bill, "title"),
            row.number,
            row.allocation.attempt.payment_id or row.allocation.attempt.trackid,
            row.fils,
            row.allocation.is_settled,
        )
        for row in rows.select_related("bill", "allocation__attempt").order_by("issued_at", "pk")
    ]
    return lines, sum(line.fils for line in lines if line.is_valid)
