"""One payment of several lines: missing bills are issued and one attempt begins, or nothing happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.kernel.errors import NotPermitted, Refused
from payments import queries, rights
from payments.models import Attempt, Bill
from payments.registry import OWING
from payments.services.attempts import start_attempt

MAX_LINES = 600  # of one payment


def _not_in_basket() -> Refused:
    return Refused("not_in_basket", _("An item in the list can no longer be paid. The list below is up to date."))


def chosen_values(values: Sequence[str]) -> dict[str, int]:
    """Code → shown amount in fils, of the submitted check boxes. Raises Refused("not_in_basket") for an invalid value."""
    amounts: dict[str, int] = {}
    for value in values:
        code, _colon, amount = value.rpartition(":")
        if not code or not (amount.isascii() and amount.isdigit()) or len(amount) > 12 or len(amounts) >= MAX_LINES:
            raise _not_in_basket()
        amounts[code] = int(amount)
    return amounts


def pay_basket(*, payer: User, chosen: Sequence[str], language: str, session_key: str) -> Attempt:
    """Begin one payment of the chosen lines (values of the check boxes), and issue missing bills.

    Raises Refused: nothing_chosen, not_in_basket (unknown, paid or another's), price_changed, and as `start_attempt`; then no bill
    is issued.
    """
    amounts = chosen_values(chosen)
    if not amounts:
        raise Refused("nothing_chosen", _("Please choose at least one line to pay."))
    with transaction.atomic():
        keys = [code.removeprefix("bill:") for code in amounts if code.startswith("bill:")]
        issued = {bill.public_id: bill for bill in queries.visible_to(payer).filter(public_id__in=keys).select_related("payer")}
        bills = [_bill(payer, code, issued) for code in sorted(amounts)]
        if len({bill.pk for bill in bills}) != len(bills):
            raise _not_in_basket()
        bills_by_code = dict(zip(sorted(amounts), bills, strict=True))
        if any(bills_by_code[code].total_fils != fils for code, fils in amounts.items()):
            raise Refused(
                "price_changed", _("An amount changed while the page was open. Please check the new total below; nothing was paid.")
            )
        return start_attempt(bills=bills, payer=payer, language=language, session_key=session_key)


def _bill(payer: User, code: str, issued: Mapping[str, Bill]) -> Bill:
    what, _colon, key = code.partition(":")
    if what == "bill":
        bill = issued.get(key)
    elif what == "due":
        bill = _bill_of_due(payer, *key.partition(":")[::2])
    else:
        bill = None
    if bill is None or not rights.may_pay(payer, bill):
        raise _not_in_basket()
    return bill


def _bill_of_due(payer: User, kind: str, key: str) -> Bill | None:
    if kind not in OWING or not key:
        return None
    try:
        return OWING[kind].bill_for(payer, key)
    except NotPermitted:
        raise _not_in_basket() from None
