"""The demo's people as the journeys need them: by their English name."""

from __future__ import annotations

from functools import cache

from sandbox.demo.platform.people import Identity, identities
from sandbox.demo.shops.scenarios import placed


@cache
def _known() -> dict[str, Identity]:
    return {one.person.name_en: one for one in identities()}


def identity(name_en: str) -> Identity:
    """Raises KeyError for a name that the demo does not know."""
    return _known()[name_en]


def shop_of(scenario: str, owner_en: str) -> tuple[str, str]:
    """Arabic and English name of the shop that tells a scenario. Raises StopIteration where the owner has none."""
    return next(place.name for place in placed() if place.scenario.key == scenario and place.owner_en == owner_en)
