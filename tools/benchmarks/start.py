"""What a newcomer meets: seconds of the first and the second start, packages, memory of the idle portal.

A copy of the committed project in an empty folder is started twice with `script/server`. Python packages come from the
machine's package cache where it has them.
"""

from __future__ import annotations

import argparse
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
from tools.benchmarks import tables
from tools.stack.running import Servers, wait_until

IDLE_SECONDS = 20
MIB = 2**20
AIMS = {"first start": "180 s", "second start": "10 s", "runtime packages": "60", "memory, all processes idle": "400 MiB"}


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench start [--write]`. Needs no server; the demo stands on SQLite."""
    parser = argparse.ArgumentParser(prog="script/bench start", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "portal"
        copy_project(copy)
        environment = {name: value for name, value in clean_environment().items() if name != "PORTAL_VAR"}
        first, _, _ = _once(copy, environment)
        second, memory, stop = _once(copy, environment)
        packages = _packages(copy)
        size = sum(p.stat().st_size for p in (copy / ".venv").rglob("*") if p.is_file() and not p.is_symlink())
    rows: list[tuple[str, str, str]] = [
        ("first start", f"{first:.1f} s", ""),
        ("second start", f"{second:.1f} s", ""),
        ("Ctrl-C to the end", f"{stop:.1f} s", ""),
        ("runtime packages", str(packages), ""),
        ("their size", f"{size / MIB:.0f} MiB", ""),
        ("memory, all processes idle", f"{sum(memory.values()) / MIB:.0f} MiB", ""),
    ]
    rows = [(name, value, AIMS.get(name, "")) for name, value, _ in rows]
    rows += [(f"– {name}", f"{amount / MIB:.0f} MiB", "") for name, amount in sorted(memory.items(), key=lambda item: -item[1])]
    tables.publish("start", tables.table(("figure", "measured", "aim, at most"), rows), write=options.write)
    return 0


def copy_project(target: Path) -> None:
    """The committed files; where there is no repository, all files but what the portal makes."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        target.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x"], cwd=target, input=archive, check=True)
    else:
        made = (".git", ".venv*", "var", "__pycache__", "*.mo", ".*_cache")
        shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*made))


def _packages(copy: Path) -> int:
    code = "import importlib.metadata as m; print(len({d.name for d in m.distributions()}))"
    return int(subprocess.run([copy / ".venv/bin/python", "-c", code], capture_output=True, text=True, check=True).stdout)


def _once(copy: Path, environment: dict[str, str]) -> tuple[float, dict[str, int], float]:
    """Seconds to the address on the terminal, bytes of memory by process after a rest, seconds to stop."""
    began = time.monotonic()
    with (copy.parent / "output").open("w+", encoding="utf8") as out:
        command = [str(copy / "script/server"), "--port", str(free_port(6))]
        running = subprocess.Popen(
            command, cwd=copy, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        try:
            wait_until(lambda: running.poll() is not None or "Ready after" in _text(copy), 400, "the first page")
            seconds = time.monotonic() - began
            if running.poll() is not None:
                raise RuntimeError(_text(copy))
            time.sleep(IDLE_SECONDS)
            memory = _memory(running.pid, copy / "var" / "run")
        finally:
            asked = time.monotonic()
            running.send_signal(signal.SIGINT)
            code = running.wait(timeout=120)
        if code:
            raise RuntimeError(_text(copy))
        return seconds, memory, time.monotonic() - asked


def _text(copy: Path) -> str:
    return (copy.parent / "output").read_text(encoding="utf8")


def _memory(root: int, run: Path) -> dict[str, int]:
    """Bytes of each named process with its children, shared pages counted in part (PSS); the command itself is `script/server`."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    names = {int(path.read_text().split()[0]): path.stem for path in run.glob("*.pid")} | {root: "script/server"}
    found: dict[str, int] = {}
    for pid in parents:
        above: int | None = pid
        while above is not None and above not in names:
            above = parents.get(above)
        if above is not None and _is_below(pid, root, parents):
            found[names[above]] = found.get(names[above], 0) + _pss(pid)
    return found


def _is_below(pid: int, root: int, parents: dict[int, int]) -> bool:
    above: int | None = pid
    while above is not None and above != root:
        above = parents.get(above)
    return above == root


def _pss(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    sys.exit("Run it as script/bench start")
