"""kill -9 of web, worker, clock and bank, 230 times, at each step from payment to licence."""

from __future__ import annotations

from tools.chaos.rehearsal import rehearse
from tools.stack.running import Servers


def main(servers: Servers, arguments: list[str]) -> int:
    """Arguments are pytest's own. Returns 0 when nothing was lost or doubled."""
    return rehearse("kills", servers, arguments)
