"""What zoning says of the place of a request: shown to everybody who asks, and kept as it was when a request was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from licensing.health.new_places import KeptThen, NewPlace
from licensing.models import NewLicence
from zoning.answer.places import kept


@dataclass
class NewShopPlace(NewPlace):
    """A place for an activity. `sent` is the request that was sent for it."""

    sent: NewLicence | None = field(default=None)

    @cached_property
    def kept(self) -> KeptThen | None:
        """The answer of the day on which the request was sent, if today's is another one."""
        if self.sent is None or self.sent.zoning_answer == self.answer.facts():
            return None
        return KeptThen(kept(self.sent.zoning_answer), self.sent.declared_at)


def place_of_answers(answers: Mapping[str, Any]) -> NewShopPlace:
    """The place of a draft, or of a question; an address that is not asked for is empty."""
    address = {name: answers.get(name, "") for name in ("area", "block", "street", "building", "plot", "floor", "unit", "paci_number")}
    return NewShopPlace(address, answers["activity"])


def place_of_request(request: NewLicence) -> NewShopPlace:
    """The place of a request that was sent."""
    return NewShopPlace(request.place, request.activity_id, sent=request)
