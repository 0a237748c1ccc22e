"""Ten thousand cases and thirty officers with give-backs, absences and crashes; a thousand idle cases that move up by themselves."""

from __future__ import annotations

from tools.chaos.rehearsal import rehearse
from tools.stack.running import Servers


def main(servers: Servers, arguments: list[str]) -> int:
    """Arguments are pytest's own. Returns 0 when nobody was overtaken and every idle case moved up on time, once a level."""
    return rehearse("queue", servers, arguments)
