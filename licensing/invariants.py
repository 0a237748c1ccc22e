"""Invariants of licensing."""

from __future__ import annotations

from collections.abc import Iterator

from licensing.health import invariants as health
from licensing.health.new_licence import invariants as new_licence
from licensing.inspections import invariants as inspections
from licensing.measures import invariants as measures
from licensing.signage import invariants as signage


def findings() -> Iterator[str]:
    """The findings of every kind of licence."""
    yield from health.findings()
    yield from new_licence.findings()
    yield from signage.findings()
    yield from inspections.findings()
    yield from measures.findings()
