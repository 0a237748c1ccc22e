"""A sheet of 40,000 shops in a real Celery worker that is killed at moments nobody chose, and two workers at one sheet."""

from __future__ import annotations

from tools.chaos.rehearsal import rehearse
from tools.stack.running import Servers


def main(servers: Servers, arguments: list[str]) -> int:
    """Arguments are pytest's own. Returns 0 when nothing was lost or doubled."""
    return rehearse("sheets", servers, arguments)
