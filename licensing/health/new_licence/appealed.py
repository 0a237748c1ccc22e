"""Requests for a new licence whose refusal was set aside after an appeal."""

from __future__ import annotations

from licensing.health.appeals.registry import Appealable
from licensing.health.new_licence import queries

NEW = Appealable(
    goes_on=lambda first: not queries.is_asked_again(first),
    letter=lambda first: queries.request_of(first).refusal,
)
