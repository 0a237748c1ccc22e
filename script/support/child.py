"""Replaces itself by a process of the portal: `python -m script.support.child NAME RUN_DIR COMMAND…`.

On Linux the kernel ends the process with its supervisor. On every system a file stores process id and start time, so that the next
start can end processes that a crash of the supervisor left running.
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
    """The start time of the process `pid` as the system prints it; empty without such a process. Tells reused process ids apart."""
    if platform.system() == "Linux":
        try:
            return Path(f"/proc/{pid}/stat").read_text(encoding="utf8").rpartition(")")[2].split()[19]
        except OSError:
            return ""
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
    return answer.stdout.strip()


def die_with_parent(parent: int) -> None:
    """Have SIGTERM sent when the parent ends; exit if it has ended already. On Linux only."""
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
