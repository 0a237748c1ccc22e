"""What the holder of boards has to do when they end: one obligation for each shop."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from licensing.signage.renewals import offers
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.kernel import clock
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual
from shops.models import Shop
from shops.register import queries as registered


def renewal_address(shop: Shop) -> str:
    """The page of renewals with the boards of a shop ticked."""
    return f"{reverse('licensing:renew_boards')}?{urlencode({'shop': shop.public_id})}"


def obligations(user: User) -> list[Obligation]:
    """The boards of each shop that end soon or ended lately, and whose renewal nobody has asked for; two queries, one without any."""
    if user.is_staff:
        return []
    shops = registered.visible_to(user, BOARDS)
    endings = offers.endings(shops)
    rows = shops.filter(pk__in=list(endings)[: registered.MAX_LISTED]) if endings else []
    return [_obligation(shop, endings[shop.pk]) for shop in rows]


def _obligation(shop: Shop, ending: offers.Ending) -> Obligation:
    return Obligation(
        code="renew",
        key=f"boards:{shop.public_id}",
        duty=Duty.MUST,
        title=_("The licence of boards has ended") if ending.until < clock.today() else _("The licence of boards ends"),
        task=_("Renew the boards"),
        action=_("Renew the boards"),
        url=renewal_address(shop),
        subject=shop.key,
        about=format_lazy("{}: {}", bilingual(shop, "name"), counted(ending.count, "board")),
        until=ending.until,
    )
