"""No worker for ten minutes, two clocks, poison jobs, a worker asked to end, no database."""

from __future__ import annotations

from tools.chaos.rehearsal import rehearse
from tools.stack.running import Servers


def main(servers: Servers, arguments: list[str]) -> int:
    """Arguments are pytest's own. Returns 0 when nothing was lost or doubled."""
    return rehearse("worker_dead", servers, arguments)
