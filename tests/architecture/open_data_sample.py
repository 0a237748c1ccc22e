"""Rows of the open data and of following: an edition of the files, numbered changes, what a person follows, a digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from municipality.kernel import clock
from municipality.kernel.open_data import OPEN_SETS
from municipality.notifications.registry import stop_token
from shops.models import Digest, Edition, Follow
from shops.open_data import feed, writer
from shops.subscriptions import services
from shops.subscriptions.notifications import STOP

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample


@dataclass
class OpenRows:
    edition: Edition
    follow: Follow  # of the owner: the shop with events
    block: Follow
    token: str  # ends the owner's digests


def fill(sample: Sample) -> OpenRows:
    """Number what happened, write the files, let the owner follow a shop and a block, and tell them of a change of yesterday."""
    shop = sample.register.with_events
    owner = sample.owner.person
    follow = services.follow(person=owner, shop=shop)
    block = services.follow(person=owner, area=shop.area, block=shop.block)
    feed.compare_slice()
    edition = {key: writer.publish(key) for key in OPEN_SETS}["shops"]
    services.notify(owner.pk, feed.last_number())
    assert Digest.objects.filter(person=owner, day=clock.today()).exists()
    return OpenRows(edition, follow, block, stop_token(owner.public_id, STOP))
