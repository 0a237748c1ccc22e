"""The supervisor of the demo's processes: its configuration, the lock against a second start, and processes left by a crash."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import socket
import sys
import time
from pathlib import Path
from typing import IO

from script.support.child import started
from script.support.environment import ROOT
from script.support.processes import Process
from script.support.say import Stop


def claim(run: Path, port: int) -> IO[str]:
    """Lock the folder for this start; the lock ends with the process. Raises Stop if another start holds it."""
    lock = (run / "server.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with lock:
            lock.seek(0)
            pid, _, their_port = lock.read().strip().partition(" ")
        raise Stop(
            f"The portal of this folder already runs at http://localhost:{their_port}/ (process {pid}); stop it with Ctrl-C first."
        ) from None
    lock.seek(0)
    lock.truncate()
    lock.write(f"{os.getpid()} {port}\n")
    lock.flush()
    return lock


def require_free_ports(first: int, count: int) -> None:
    """Raise Stop with the first port in use among `count` ports from `first`."""
    if not 1024 <= first <= 65535 - count:
        raise Stop(f"--port takes a number from 1024 to {65535 - count}, since the simulators stand on the ports after it.")
    for port in range(first, first + count):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise Stop(f"Port {port} is in use; choose another with: script/server --port {first + 100}") from None


def end_leftovers(run: Path) -> int:
    """End processes that a crash of their supervisor left running. Returns how many."""
    leftovers = []
    for path in run.glob("*.pid"):
        try:
            pid_text, began = path.read_text(encoding="ascii").splitlines()[:2]
            pid = int(pid_text)
        except (ValueError, OSError):
            path.unlink(missing_ok=True)
            continue
        if began and started(pid) == began:
            leftovers.append((pid, began))
        path.unlink(missing_ok=True)
    for signal_number, seconds in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
        for pid, began in leftovers:
            if started(pid) == began:
                _signal(pid, signal_number)
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(started(pid) == began for pid, began in leftovers):
            time.sleep(0.1)
    return len(leftovers)


def _signal(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return


def configuration(processes: list[Process], run: Path, log: Path, python: str) -> str:
    """A supervisord configuration: every process is restarted when it ends, and has its own group and rotated log."""
    lines = [
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        f"logfile={_escape(str(log / 'supervisord.log'))}",
        "logfile_maxbytes=1MB",
        "logfile_backups=1",
        f"pidfile={_escape(str(run / 'supervisord.number'))}",
        f"directory={_escape(str(ROOT))}",
        "strip_ansi=true",
    ]
    lines += ["", "[group:portal]", f"programs={','.join(p.name for p in processes)}"]  # stopped together, not one after another
    for process in processes:
        command = (python, "-m", "script.support.child", process.name, str(run), *process.command)
        lines += [
            "",
            f"[program:{process.name}]",
            f"command={_escape(shlex.join(command))}",
            "autorestart=true",
            "startsecs=2",
            "startretries=20",
            f"stopwaitsecs={process.stop_seconds}",
            "stopasgroup=true",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile={_escape(str(log / (process.name + '.log')))}",
            "stdout_logfile_maxbytes=5MB",
            "stdout_logfile_backups=2",
        ]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("%", "%%")


def command(venv: Path, configuration_file: Path) -> list[str]:
    """The command of the supervisor, which ends with this process."""
    run = configuration_file.parent
    supervisor = [str(venv / "bin" / "supervisord"), "--configuration", str(configuration_file)]
    return [sys.executable, "-m", "script.support.child", "supervisord", str(run), str(venv / "bin" / "python"), *supervisor]
