"""A sheet of 100,000 shops whose worker is killed at every step and at moments nobody chose: the register ends as if it had not been."""

from __future__ import annotations

from tools.chaos.rehearsal import rehearse
from tools.stack.running import Servers


def main(servers: Servers, arguments: list[str]) -> int:
    """Arguments are pytest's own. Returns 0 when nothing was lost or doubled."""
    return rehearse("register", servers, arguments)
