"""Messages about measures; their texts are in templates/licensing/messages."""

from __future__ import annotations

from municipality.notifications.registry import MessageKind


class MeasureBegan(MessageKind):
    """To all who hold the shop: the decision, its ground, and how to object until the day `until`."""

    kind = "licensing.measure_began"
    is_legal = True
    page = "/health-licence/{shop.public_id}/renew/"


class MeasureEnded(MessageKind):
    kind = "licensing.measure_ended"
    is_legal = True
    page = "/my-shops/"
