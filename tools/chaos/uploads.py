"""A thousand spoiled files, two hundred of two kinds, a hundred photos, sixty papers with programs: nothing breaks, nothing survives."""

from __future__ import annotations

import os
import subprocess
import sys

from script.support.environment import ROOT
from tools.stack.running import Servers


def main(servers: Servers, arguments: list[str]) -> int:
    """The tests of uploads at their whole size. Arguments are pytest's own."""
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=0", "tests/municipality/uploads", *arguments]
    more = {"CHAOS_FULL": "1", "DJANGO_SETTINGS_MODULE": "municipality.settings.test"}
    return subprocess.run(command, cwd=ROOT, env=os.environ | servers.environment() | more, stdin=subprocess.DEVNULL).returncode
