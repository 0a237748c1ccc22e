"""What a newcomer meets: seconds of the first and the second start, packages, memory of the idle portal."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from script.support.environment import ROOT
from script.support.processes import clean_environment
from script.support.services import free_port
from tests.stack.running import Servers, wait_until

IDLE_SECONDS = 20


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench start`. Starts a copy of the project twice and prints one line a figure. The package cache stays warm."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "portal"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv*", "var", "__pycache__", "*.mo", ".*_cache"))
        environment = {name: value for name, value in clean_environment().items() if name != "PORTAL_VAR"}
        for label in ("first start", "second start"):
            seconds, memory, stop = _once(copy, environment)
            print(f"{label:<34}{seconds:8.1f} s")
            print(f"{'memory of all processes, idle':<34}{memory / 2**20:8.0f} MiB")
            print(f"{'Ctrl-C to the end':<34}{stop:8.1f} s")
        installed = subprocess.run(
            [copy / ".venv/bin/python", "-c", "import importlib.metadata as m; print(len({d.name for d in m.distributions()}))"],
            capture_output=True,
            text=True,
            check=True,
        )
        print(f"{'runtime packages':<34}{int(installed.stdout):8d}")
        size = sum(p.stat().st_size for p in (copy / ".venv").rglob("*") if p.is_file() and not p.is_symlink())
        print(f"{'their size':<34}{size / 2**20:8.0f} MiB")
    return 0


def _once(copy: Path, environment: dict[str, str]) -> tuple[float, int, float]:
    """Seconds to the address on the terminal, bytes of memory after a rest, seconds to stop."""
    began = time.monotonic()
    with (copy.parent / "output").open("w+", encoding="utf8") as out:
        command = [str(copy / "script/server"), "--port", str(free_port(4))]
        running = subprocess.Popen(
            command, cwd=copy, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        try:
            wait_until(lambda: running.poll() is not None or "Ready after" in _text(copy), 400, "the first page")
            seconds = time.monotonic() - began
            if running.poll() is not None:
                raise RuntimeError(_text(copy))
            time.sleep(IDLE_SECONDS)
            memory = _memory(running.pid)
        finally:
            asked = time.monotonic()
            running.send_signal(signal.SIGINT)
            code = running.wait(timeout=120)
        if code:
            raise RuntimeError(_text(copy))
        return seconds, memory, time.monotonic() - asked


def _text(copy: Path) -> str:
    return (copy.parent / "output").read_text(encoding="utf8")


def _memory(root: int) -> int:
    """Bytes of a process and all below it, shared pages counted in part (PSS)."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    family, grown = {root}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        grown = bool(more)
        family |= more
    total = 0
    for pid in family:
        try:
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        except OSError:
            continue
        total += int(found[1]) * 1024 if found else 0
    return total


if __name__ == "__main__":
    sys.exit("Run it as script/bench start")
