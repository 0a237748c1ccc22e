"""Draws that are the same on every machine and Python version: streams by name, weighted choices, identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

from municipality.kernel import ids

T = TypeVar("T")


@dataclass(frozen=True)
class Weighted(Generic[T]):
    """Things drawn with their weights; cumulative, so that a draw is one bisection."""

    things: Sequence[T]
    bounds: Sequence[float]

    def draw(self, rng: Random) -> T:
        return rng.choices(self.things, cum_weights=self.bounds)[0]


def seeded(name: str) -> Random:
    """A stream of numbers that is the same for the same name, everywhere. Made-up data needs no secret ones."""
    return Random(name)  # noqa: S311


def weighted(pairs: Sequence[tuple[T, float]]) -> Weighted[T]:
    return Weighted([thing for thing, _ in pairs], list(accumulate(weight for _, weight in pairs)))


def skewed(things: Sequence[T]) -> Weighted[T]:
    """Weights after Zipf, gentler: the n-th thing weighs 1 / (n + 4)."""
    return weighted([(thing, 1 / (n + 4)) for n, thing in enumerate(things)])


def public_id(rng: Random) -> str:
    """Like `kernel.ids.public_id`, but the same for the same seed; for made-up rows only."""
    return "".join(rng.choices(ids.ALPHABET, k=26)).lower()


def typed_code(rng: Random) -> str:
    """Like `kernel.ids.typed_code`, but the same for the same seed; for made-up rows only."""
    return "".join(rng.choices(ids.ALPHABET, k=20))
