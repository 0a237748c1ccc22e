"""Sequence the audit events of the demo."""

from __future__ import annotations

from municipality.audit.services import sequence
from sandbox.demo.loading import Loading


def run(loading: Loading) -> str:
    total = 0
    while count := sequence():
        total += count
    return f"{total} acts numbered"
