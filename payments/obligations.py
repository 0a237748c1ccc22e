"""What a person has to pay, from the lines of the basket: bills and dues that can be paid now, and offers of a settlement."""

from __future__ import annotations

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.ui.templatetags.portal import bilingual
from payments import queries
from payments.queries import BasketItem


def obligations(user: User) -> list[Obligation]:
    """One obligation for each line of the basket that can be paid; not those whose payment is open at the bank."""
    return [_obligation(item) for item in queries.basket_of(user) if item.can_choose]


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
