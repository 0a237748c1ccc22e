"""Points at which a test can kill the process, to prove that nothing is lost. No effect unless the environment names one."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def failpoint(name: str) -> None:
    """Kill this process with SIGKILL if PORTAL_CRASH_AT is `name`, or `*` for every point, and the file PORTAL_CRASH_ONCE exists.

    The file is removed first, so that the next try survives; if PORTAL_CRASH_ONCE is a folder, it is the file `name` in it.
    Works in the demo only.
    """
    if os.environ.get("PORTAL_CRASH_AT") not in ("*", name) or os.environ.get("PORTAL_DEMO") != "1":
        return
    once = Path(os.environ.get("PORTAL_CRASH_ONCE", "/nonexistent"))
    if once.is_dir():
        once /= name
    try:
        once.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
