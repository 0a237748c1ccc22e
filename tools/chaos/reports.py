"""Thousands of reports with photos while web and worker are killed and lines are cut: each report once, each photo once."""

from __future__ import annotations

from tools.chaos.rehearsal import rehearse
from tools.stack.running import Servers


def main(servers: Servers, arguments: list[str]) -> int:
    """Arguments are pytest's own; CHAOS_REPORTS is the number of reports. Returns 0 when nothing was lost or doubled."""
    return rehearse("reports", servers, arguments)
