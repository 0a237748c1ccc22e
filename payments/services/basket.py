"""One payment for many things: the missing bills are issued and one attempt is begun, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.kernel.errors import NotPermitted, Refused
from payments import queries
from payments.models import Attempt, Bill
from payments.registry import OWING
from payments.services.attempts import start_attempt

MOST = 100  # lines of one payment; more is no basket but a mistake


def _gone() -> Refused:
    return Refused("not_in_basket", _("A line of the list cannot be paid any more. The list below is the present one."))


def chosen_values(values: Sequence[str]) -> dict[str, int]:
    """Line → the amount in fils that was read beside it, from the tick boxes. Raises Refused("not_in_basket") for anything else."""
    found: dict[str, int] = {}
    for value in values:
        code, _colon, amount = value.rpartition(":")
        if not code or not (amount.isascii() and amount.isdigit()) or len(amount) > 12 or len(found) >= MOST:
            raise _gone()
        found[code] = int(amount)
    return found


def pay_basket(*, payer: Any, chosen: Sequence[str], language: str, session_key: str) -> Attempt:
    """Begin one payment of the chosen lines (values of the tick boxes): issue what has no bill yet, one allocation a bill.

    The same lines again lead to the attempt that is open for them. Raises Refused: nothing_chosen, not_in_basket (unknown, paid,
    or another person's: one answer for all), price_changed, and those of `start_attempt`. Nothing is issued then.
    """
    wanted = chosen_values(chosen)
    if not wanted:
        raise Refused("nothing_chosen", _("Please choose at least one line to pay."))
    with transaction.atomic():
        bills = [_bill(payer, code) for code in sorted(wanted)]
        if len({bill.pk for bill in bills}) != len(bills):
            raise _gone()
        shown = dict(zip(sorted(wanted), bills, strict=True))
        if any(shown[code].total_fils != fils for code, fils in wanted.items()):
            raise Refused(
                "price_changed", _("An amount changed while the page was open. Please check the new total below; nothing was taken.")
            )
        return start_attempt(bills=bills, payer=payer, language=language, session_key=session_key)


def _bill(payer: Any, code: str) -> Bill:
    what, _colon, rest = code.partition(":")
    if what == "bill":
        bill = queries.visible_to(payer).filter(public_id=rest).select_related("payer").first()
    elif what == "due":
        bill = _issued(payer, *rest.partition(":")[::2])
    else:
        bill = None
    if bill is None or not queries.may_pay(payer, bill):
        raise _gone()
    return bill


def _issued(payer: Any, kind: str, key: str) -> Bill | None:
    if kind not in OWING or not key:
        return None
    try:
        return OWING[kind].bill_for(payer, key)
    except NotPermitted:
        raise _gone() from None
