"""A process in the environment of a stack that answers one line of JSON with another."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from script.support.environment import ROOT


class AnsweringProcess:
    """A module of ours, run with `python -m`; it reads requests from its input and writes `{"answer": …}` or `{"error": …}` for each."""

    def __init__(self, module: str, *, environment: dict[str, str], log: Path) -> None:
        self.log = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", module],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def ask(self, request: Any) -> Any:
        """The answer. Raises RuntimeError with what went wrong inside, or where the process has ended."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        told = json.loads(line) if line else {"error": "the process ended"}
        if "error" in told:
            raise RuntimeError(told["error"])
        return told["answer"]

    def end(self) -> None:
        """Close its input, and wait until it ends; kill it where it does not."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()
