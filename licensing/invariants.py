"""Invariants of licensing."""

from __future__ import annotations

from collections.abc import Iterator

from licensing.health import invariants as health
from licensing.signage import invariants as signage


def findings() -> Iterator[str]:
    """The findings of every kind of licence."""
    yield from health.findings()
    yield from signage.findings()
