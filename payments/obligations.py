"""What a person has to pay, from the lines of the basket: bills and dues that can be paid now, and offers of a settlement.

Also what is open at the bank, until its page is left.
"""

from __future__ import annotations

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.ui.templatetags.portal import bilingual
from payments import links, queries
from payments.queries import BasketItem


def obligations(user: User) -> list[Obligation]:
    """One obligation for each line of the basket that can be paid, or whose payment is open on the bank's page."""
    items = queries.basket_of(user)
    return [_obligation(item) for item in items if item.can_choose] + [_left_open(item) for item in items if item.step == "at_bank"]


def _left_open(item: BasketItem) -> Obligation:
    name = bilingual(item, "name") or bilingual(item, "title")
    return Obligation(
        code="finish_payment",
        key=item.code,
        duty=Duty.MUST,
        title=name,
        task=format_lazy("{}: {}", _("Payment open at the bank"), name),
        action=_("State of the payment"),
        url=links.receipt_path(item.attempt.token) if item.attempt is not None else reverse("payments:basket"),
        subject=item.shop,
        about=bilingual(item, "shop_name"),
        reference=item.reference or (item.bill.reference if item.bill is not None else ""),
    )


def _obligation(item: BasketItem) -> Obligation:
    name = bilingual(item, "name") or bilingual(item, "title")
    return Obligation(
        code="settle" if item.is_offer else "pay",
        key=item.code,
        duty=Duty.OFFER if item.is_offer else Duty.MUST,
        title=name,
        task=_("Choose what to do") if item.is_offer else format_lazy("{}: {}", _("Pay"), name),
        action=_("See the options") if item.is_offer else _("Pay"),
        url=item.url if item.is_offer else reverse("payments:basket"),
        subject=item.shop,
        about=bilingual(item, "shop_name"),
        reference=item.reference or (item.bill.reference if item.bill is not None else ""),
        until=item.until,
        fils=item.fils,
    )
