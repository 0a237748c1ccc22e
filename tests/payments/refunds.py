"""Refunds as two people propose and approve them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from payments.models import RefundDue
from payments.services import (
    approve_refund,
    propose_refund,
)
from payments.services.returns import remaining_of
from tests.payments.conftest import START

LATER = START + dt.timedelta(minutes=20)  # after the inquiry that would see a late reversal


def propose(refund: RefundDue, person: Any, **more: Any) -> None:
    given = {"code": "service_refused", "remaining_fils": remaining_of(refund)} | more
    propose_refund(refund=refund, proposed_by=person, **given)


def approve(refund: RefundDue, person: Any, remaining: int | None = None) -> None:
    approve_refund(refund=refund, approved_by=person, remaining_fils=remaining_of(refund) if remaining is None else remaining)
