"""Becomes a process of the portal: `python -m script.support.child NAME RUN_DIR COMMAND…`.

The kernel is asked to end the process with its supervisor (Linux), and a file remembers process and start time, so that
the next start can end what an abrupt death of the supervisor left behind (everywhere).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def started(pid: int) -> str:
    """When the process `pid` began, as the system tells it; empty when there is none. Numbers are used again, start times are not."""
    if platform.system() == "Linux":
        try:
            return Path(f"/proc/{pid}/stat").read_text(encoding="utf8").rpartition(")")[2].split()[19]
        except OSError:
            return ""
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
    return answer.stdout.strip()


def die_with_parent(parent: int) -> None:
    """Ask for SIGTERM when the parent ends; end at once if it has ended already. Does nothing where there is no prctl."""
    if platform.system() == "Linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            raise SystemExit(1)


def main() -> None:
    parent = os.getppid()
    name, run, command = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    die_with_parent(parent)
    (run / f"{name}.pid").write_text(f"{os.getpid()}\n{started(os.getpid())}\n", encoding="ascii")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
