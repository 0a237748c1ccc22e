"""The digest; its text is in templates/shops/messages."""

from __future__ import annotations

from typing import ClassVar

from municipality.notifications.models import Channel
from municipality.notifications.registry import MessageKind, stop_token

STOP = "shops.follow.stop"


class FollowedChanged(MessageKind):
    """To followers of a shop, an area or a block: what changed since the last digest. By e-mail and in the inbox only."""

    kind = "shops.followed_changed"
    channels: ClassVar[tuple[Channel, ...]] = (Channel.EMAIL,)
    must_reach = False
    page = "/follows/"

    def stop_path(self, public_id: str) -> str:
        return f"/follows/stop/{stop_token(public_id, STOP)}"
