"""Messages about measures; their texts are in templates/licensing/messages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.notifications.registry import MessageKind

MEASURES = _("measures against your shop")


class MeasureBegan(MessageKind):
    """To all who hold the shop: the decision, its ground, and how to object until the day `until`."""

    kind = "licensing.measure_began"
    legal = MEASURES
    page = "/health-licence/{shop.public_id}/renew/"


class MeasureEnded(MessageKind):
    """`last_day` is that of a licence that ended while it was suspended, and `until` then the last day without the surcharge, or None."""

    kind = "licensing.measure_ended"
    legal = MEASURES
    page = "/my-shops/"
