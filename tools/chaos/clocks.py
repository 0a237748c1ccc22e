"""The clock of web, worker and timer an hour or a day ahead or behind for a while: nothing early, nothing twice, nothing stalled."""

from __future__ import annotations

from tools.chaos.rehearsal import rehearse
from tools.stack.running import Servers


def main(servers: Servers, arguments: list[str]) -> int:
    """Arguments are pytest's own. Returns 0 when all went on as if nobody's clock had been wrong."""
    return rehearse("clocks", servers, arguments)
