"""Places where a test may kill the process, to prove that nothing is lost. Silent unless the environment names one."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def failpoint(name: str) -> None:
    """Kill this process with SIGKILL if PORTAL_CRASH_AT names this point and its once-file is still there.

    PORTAL_CRASH_AT is `name`, or `*` for every point, and PORTAL_CRASH_ONCE the path of a file that is removed first, so
    that the next try lives; with a folder there, it is the file called `name` in it. Works only in the demo, never in
    production.
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
