"""Who is told when a bill is paid: the services above register here, payments never import them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Payable:
    """`paid` and `voided` take the bill's primary key, run in one transaction of their own with the record that they ran.

    `paid` may raise `kernel.errors.Refused`: the money then is owed back. After `voided` the same bill may be paid again.
    """

    kind: str
    paid: Callable[[int], None]
    voided: Callable[[int], None]


PAYABLES: dict[str, Payable] = {}


def pays_for(kind: str, *, paid: Callable[[int], None], voided: Callable[[int], None]) -> None:
    """Register the owner of bills of `kind`; called from an app's `ready`. A second owner is a programming error."""
    found = Payable(kind, paid, voided)
    if PAYABLES.setdefault(kind, found) != found:
        raise ValueError(f"bills of kind {kind} have an owner already")
