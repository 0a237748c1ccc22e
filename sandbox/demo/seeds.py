"""Reproducible random draws: seeded streams, weighted choices, identifiers."""

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
    """Values with cumulative weights."""

    values: Sequence[T]
    bounds: Sequence[float]

    def draw(self, rng: Random) -> T:
        return rng.choices(self.values, cum_weights=self.bounds)[0]


def seeded(name: str) -> Random:
    """A random generator seeded by a name."""
    return Random(name)  # noqa: S311


def weighted(pairs: Sequence[tuple[T, float]]) -> Weighted[T]:
    return Weighted([value for value, _ in pairs], list(accumulate(weight for _, weight in pairs)))


def skewed(values: Sequence[T]) -> Weighted[T]:
    """Weights by a flattened Zipf law: 1 / (n + 4)."""
    return weighted([(value, 1 / (n + 4)) for n, value in enumerate(values)])


def public_id(rng: Random) -> str:
    """Like `kernel.ids.public_id`, but the same for the same seed; for made-up rows only."""
    return "".join(rng.choices(ids.ALPHABET, k=26)).lower()


def typed_code(rng: Random) -> str:
    """Like `kernel.ids.typed_code`, but the same for the same seed; for made-up rows only."""
    return "".join(rng.choices(ids.ALPHABET, k=20))
