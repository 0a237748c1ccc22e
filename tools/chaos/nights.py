"""A delta of 20,000 licences whose worker is killed in a page, between pages and at moments nobody chose."""

from __future__ import annotations

from tools.chaos.rehearsal import rehearse
from tools.stack.running import Servers


def main(servers: Servers, arguments: list[str]) -> int:
    """Arguments are pytest's own. Returns 0 when nothing was lost or doubled."""
    return rehearse("delta", servers, arguments)
