"""The message to the holder of a shop about which staff entered something in the register."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.notifications.registry import SAMPLE_DAY, MessageKind
from municipality.notifications.services import send
from municipality.notifications.texts import Bilingual
from municipality.ui.texts import both
from shops.models import EventKind, Shop, ShopEvent
from shops.register import queries


class RegisterChanged(MessageKind):
    """To the holder: what staff entered about the shop, such as that it is closed."""

    kind = "shops.register_changed"
    samples = {"on": SAMPLE_DAY}
    legal = _("what the Municipality entered about your shop")
    page = "/shops/{shop.public_id}/"


@transaction.atomic
def tell_holders(*, shop_id: int, source: str) -> None:
    """Tell the holder of a shop of each event that an act of staff (`source`) recorded, once."""
    shop = Shop.objects.select_related("owner", "organisation").get(pk=shop_id)
    for event in ShopEvent.objects.filter(shop=shop, source=source).order_by("pk"):
        context = {"shop": shop, "what": Bilingual(*both(EventKind(event.kind).label)), "on": event.on}
        for person in queries.owners(shop):
            send(RegisterChanged, person=person, key=f"event:{event.pk}", subject_key=shop.key, context=context)
