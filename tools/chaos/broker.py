"""Redis emptied and gone, over a whole renewal."""

from __future__ import annotations

from tools.chaos.rehearsal import rehearse
from tools.stack.running import Servers


def main(servers: Servers, arguments: list[str]) -> int:
    """Arguments are pytest's own. Returns 0 when nothing was lost or doubled."""
    return rehearse("broker", servers, arguments)
