"""The whole size of a fault test: its module under pytest, on the servers of the run, without the limits of the suite."""

from __future__ import annotations

import os
import subprocess
import sys

from script.support.environment import ROOT
from tools.stack.running import Servers


def rehearse(module: str, servers: Servers, arguments: list[str]) -> int:
    """Run `test_<module>.py` with CHAOS_FULL=1; `arguments` are pytest's. Returns its status."""
    return rehearse_files(servers, [f"tests/tools/chaos/test_{module}.py", *arguments])


def rehearse_files(servers: Servers, arguments: list[str]) -> int:
    """Run files, or what else pytest takes, with CHAOS_FULL=1. Returns its status."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "--timeout=0", "--durations=0", "--show-capture=no", *arguments]
    environment = os.environ | servers.environment() | {"CHAOS_FULL": "1", "DJANGO_SETTINGS_MODULE": "municipality.settings.test"}
    return subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL).returncode
