"""A portal whose worker a test starts and kills."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from script.support.environment import ROOT
from tools.chaos.portal import size

BATCHES = {"check": size(500, 4000), "take": size(300, 2000)}
DEAD = -signal.SIGKILL


@dataclass
class Office:
    """A portal of its own, whose worker is a process that this test starts and kills."""

    environment: dict[str, str]
    folder: Path
    module: ClassVar[str] = "tools.chaos.registering"

    def start(self, *arguments: str, crash_at: str = "") -> subprocess.Popen[str]:
        once = self.folder / "once"
        once.write_text("")
        more = {"PORTAL_CRASH_AT": crash_at, "PORTAL_CRASH_ONCE": str(once)} if crash_at else {}
        command = [sys.executable, "-W", "ignore", "-m", self.module, *arguments]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
        return subprocess.Popen(command, cwd=ROOT, env=self.environment | more, **pipes)

    def run(self, *arguments: str, crash_at: str = "") -> tuple[int, str]:
        """Status and output. Raises AssertionError where it fails by itself."""
        process = self.start(*arguments, crash_at=crash_at)
        out, errors = process.communicate(timeout=1200)
        assert process.returncode in (0, DEAD), errors[-3000:]
        return process.returncode, out

    def step(self, name: str, *, crash_at: str = "", torn: bool = False) -> int:
        return self.run(f"torn-{name}" if torn else name, str(BATCHES[name]), crash_at=crash_at)[0]

    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("content")[1])
        return found
