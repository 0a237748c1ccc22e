"""PostgreSQL and Redis servers for tests, with own ports and temporary folders; they end with the block or with this process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from script.support.child import PR_SET_PDEATHSIG

_RANGE = (("", "gw0"), ("_COUNT", "1"))


class Unavailable(Exception):
    """The server is not available on this machine; the text is the reason."""


def free_port(count: int = 1) -> int:
    """The first of `count` consecutive free ports; each process of a parallel test run has its own range. Raises Unavailable."""
    worker, workers = (int(os.environ.get(f"PYTEST_XDIST_WORKER{name}", default).removeprefix("gw")) for name, default in _RANGE)
    # Below the ephemeral range, from which outgoing connections could take a port meanwhile.
    width = 12_000 // workers
    lowest = 20_000 + worker * width
    for _ in range(200):
        first = random.randrange(lowest, lowest + width - count)  # noqa: S311
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise Unavailable("no free ports in a row were found")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def postgres_programs() -> Path | None:
    """The folder of the newest `initdb` and `postgres` on this machine, or None."""
    packaged = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    newest = sorted(packaged, key=lambda p: float(p.parent.name))
    on_path = shutil.which("initdb")
    return newest[-1] if newest else Path(on_path).resolve().parent if on_path else None


@contextlib.contextmanager
def postgres(**settings: str) -> Iterator[str]:
    """A new PostgreSQL server; yields the URL of its empty database `portal`. Raises Unavailable."""
    programs = postgres_programs()
    if programs is None:
        raise Unavailable("PostgreSQL is not installed (initdb not found)")
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses root
        try:
            user = pwd.getpwnam("postgres").pw_name
        except KeyError:
            raise Unavailable("PostgreSQL refuses root and there is no user postgres") from None
    with _folder() as folder:
        if user:
            shutil.chown(folder, user, user)
        data, port = folder / "data", free_port()
        initdb = [str(programs / "initdb"), "-N", "-A", "trust", "-U", "portal", "--locale=C.UTF-8", "-E", "UTF8", "-D", str(data)]
        _as(user, initdb, folder)
        own = {"fsync": "off", "max_connections": "200", "listen_addresses": "127.0.0.1", "log_min_messages": "fatal"} | settings
        arguments = [part for name, value in own.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder), *arguments]
        with _process(command, signal.SIGINT, folder, user=user):
            psql = [str(programs / "psql"), "-h", "127.0.0.1", "-p", str(port), "-U", "portal", "-d", "postgres"]
            _wait(lambda: _runs([*psql, "-qc", "SELECT 1"]), "PostgreSQL")
            subprocess.run([*psql, "-qc", "CREATE DATABASE portal"], check=True)
            yield f"postgres://portal@127.0.0.1:{port}/portal"


@contextlib.contextmanager
def redis(*, policy: str, append_only: bool, port: int = 0) -> Iterator[str]:
    """A new Redis server with an eviction policy; yields its URL. Raises Unavailable."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        raise Unavailable("Redis is not installed (redis-server not found)")
    with _folder() as folder:
        port = port or free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--maxmemory", "128mb"]
        command += ["--maxmemory-policy", policy, "--appendonly", "yes" if append_only else "no", "--loglevel", "warning"]
        with _process(command, signal.SIGTERM, folder):
            _wait(lambda: _answers(port), "Redis")
            yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder with a short path: that of PostgreSQL's socket may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="kp-", dir="/tmp" if Path("/tmp").is_dir() else None))  # noqa: S108  # mkdtemp makes it private
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _process(command: list[str], stop: signal.Signals, folder: Path, user: str | None = None) -> Iterator[None]:
    library = ctypes.CDLL(None) if platform.system() == "Linux" else None

    def die_with_parent() -> None:
        if library is not None:
            library.prctl(PR_SET_PDEATHSIG, int(stop), 0, 0, 0)

    with (folder / "output").open("w") as out:
        running = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=folder,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    try:
        yield
    finally:
        running.send_signal(stop)
        try:
            running.wait(timeout=20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _as(user: str | None, command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise Unavailable(f"{Path(command[0]).name} failed: {done.stderr.strip()[-200:]}")


def _wait(ready: Callable[[], bool], name: str) -> None:
    until = time.monotonic() + 30
    while not ready():
        if time.monotonic() > until:
            raise Unavailable(f"{name} did not start within 30 seconds")
        time.sleep(0.05)


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
    except OSError:
        return False
