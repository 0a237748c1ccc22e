"""The portal as real processes, for tests: web, worker, clock and simulators on free ports over a database of their own."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from script.support.environment import ROOT
from script.support.processes import Process, beat, demo_environment, simulators, web, worker
from script.support.services import free_port
from tools.stack.answering import AnsweringProcess

_numbers = count(1)
# Redis has 16 numbered databases. Those with an even number belong to the tests' own processes (`municipality.settings.test`).
REDIS_NUMBERS = range(1, 16, 2)
_redis_turns = count()
_WORKER = (("PYTEST_XDIST_WORKER", "gw0"), ("PYTEST_XDIST_WORKER_COUNT", "1"))


def environment(port: int, var: Path) -> dict[str, str]:
    """The demo's environment, with the clock of this test run."""
    clock = {"DJANGO_SETTINGS_MODULE": "tools.stack.settings", "TEST_CLOCK_OFFSET": os.environ.get("TEST_CLOCK_OFFSET", "0")}
    return demo_environment(port, var) | clock


def wait_until(true: Callable[[], Any], seconds: float, what: str, *, pause: float = 0.1) -> Any:
    """The first true answer of `true`, asked again after `pause` seconds. Raises TimeoutError that names `what`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = true()
        if answer:
            return answer
        time.sleep(pause)
    raise TimeoutError(f"{what} did not happen within {seconds:.0f} seconds")


@dataclass(frozen=True)
class Servers:
    """Where the data lives; without a database URL in SQLite, without Redis in the demo's own folders."""

    database: str = ""
    redis: str = ""
    cache: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Servers:
        return cls(environment.get("DATABASE_URL", ""), environment.get("REDIS_URL", ""), environment.get("CACHE_URL", ""))

    def environment(self) -> dict[str, str]:
        named = {"DATABASE_URL": self.database, "REDIS_URL": self.redis, "CACHE_URL": self.cache}
        return {name: value for name, value in named.items() if value}

    def with_database(self, name: str) -> Servers:
        """The same servers with another database of the same server."""
        return Servers(_with_path(self.database, name), self.redis, self.cache) if self.database else self

    def with_redis_number(self, number: int) -> Servers:
        """The same servers with numbered Redis databases, so that two portals do not take each other's messages."""
        return Servers(self.database, *(_with_path(url, str(number)) if url else "" for url in (self.redis, self.cache)))

    def forget_messages(self) -> None:
        """Empty the numbered Redis databases: an earlier portal may have left messages there."""
        from redis import Redis

        for url in filter(None, (self.redis, self.cache)):
            with Redis.from_url(url) as client:
                client.flushdb()


def next_redis_number() -> int:
    """A numbered Redis database for one more portal; the processes of a parallel run never give out the same."""
    worker, workers = (int(os.environ.get(name, default).removeprefix("gw")) for name, default in _WORKER)
    share = max(1, len(REDIS_NUMBERS) // workers)
    return REDIS_NUMBERS[(worker * share + next(_redis_turns) % share) % len(REDIS_NUMBERS)]


def _with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


def administer(url: str, statement: str) -> None:
    """One statement on the server of a PostgreSQL URL, outside any transaction."""
    import psycopg2

    connection = psycopg2.connect(_with_path(url, "postgres"))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


@dataclass
class Template:
    """A portal that was set up once; stacks start from copies of its database and folder."""

    servers: Servers
    folder: Path
    database: str = field(default_factory=lambda: f"stack_{os.getpid()}_{next(_numbers)}")

    def make(self, *demo: str, migrated: str = "") -> Template:
        """Migrate, collect, seal and load the demo's data (`demo` are arguments of that command).

        `migrated` is a database of the server, or a file of SQLite, in which migrations have been applied: those alone are not repeated.
        """
        for name in ("run", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if self.servers.database:
            administer(self.servers.database, f"CREATE DATABASE {self.database}" + (f" TEMPLATE {migrated}" if migrated else ""))
        elif migrated:
            shutil.copyfile(migrated, self.folder / "portal.sqlite3")
        surroundings = environment(free_port(6), self.folder) | self.servers.with_database(self.database).environment()
        command = [sys.executable, "-W", "ignore", "-m", "script.support.prepare", str(self.folder), *demo]
        done = subprocess.run(command, cwd=ROOT, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"setting up the portal for tests failed:\n{done.stdout}\n{done.stderr}")
        return self

    def drop(self) -> None:
        if self.servers.database:
            administer(self.servers.database, f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")

    def copy(self, folder: Path) -> tuple[Servers, Path]:
        """A database and a folder of its own for one stack."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.log"))
        for name in ("run", "log"):
            (folder / name).mkdir(exist_ok=True)
        own = self.servers.with_redis_number(next_redis_number())
        own.forget_messages()
        if self.servers.database:
            name = f"stack_{os.getpid()}_{next(_numbers)}"
            administer(self.servers.database, f"CREATE DATABASE {name} TEMPLATE {self.database}")
            own = own.with_database(name)
        return own, folder


@contextlib.contextmanager
def shared_template(servers: Servers, folder: Path, migrated: str = "") -> Iterator[Template]:
    """The small demo, made by whichever process of a parallel run needs it first, and dropped by the last one that is done with it.

    `folder` is common to the processes of the run; `migrated` as in `Template.make`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ledger = folder / "users.json"
    with _alone(folder / "lock"):
        known = json.loads(ledger.read_text(encoding="utf8")) if ledger.exists() else None
        if known is None:
            shutil.rmtree(folder / "var", ignore_errors=True)
            template = Template(servers, folder / "var").make("--small", migrated=migrated)
        else:
            template = Template(servers, folder / "var", known["database"])
        ledger.write_text(json.dumps({"database": template.database, "users": 1 + (known or {"users": 0})["users"]}), encoding="utf8")
    try:
        yield template
    finally:
        with _alone(folder / "lock"):
            users = json.loads(ledger.read_text(encoding="utf8"))["users"] - 1
            if users:
                ledger.write_text(json.dumps({"database": template.database, "users": users}), encoding="utf8")
            else:
                ledger.unlink()
                template.drop()


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time in the block."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


class Stack:
    """Running processes and what a test may do to them."""

    def __init__(self, servers: Servers, var: Path, *, more: Mapping[str, str] | None = None) -> None:
        self.servers, self.var, self.port = servers, var, free_port(6)
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.knet_url, self.mobile_id_url, self.sms_url = (f"http://127.0.0.1:{self.port + offset}" for offset in (1, 2, 3))
        self.environment = environment(self.port, var) | servers.environment() | dict(more or {})
        self.definitions = {process.name: process for process in self._define()}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._code_runner: AnsweringProcess | None = None

    def _define(self) -> list[Process]:
        python = sys.executable
        pool = "prefork" if self.servers.redis else "threads"
        return [*simulators(python, self.port), web(python), worker(python, pool=pool), beat(python, self.var)]

    def start(self, *names: str, wait: bool = True) -> Stack:
        """Start all processes, or those named."""
        chosen = names or tuple(self.definitions)
        for name in chosen:
            if self.alive(name):
                raise RuntimeError(f"{name} already runs")
            with (self.var / "log" / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [sys.executable, "-m", "script.support.child", name, str(self.var / "run"), *self.definitions[name].command],
                    cwd=ROOT,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        if wait:
            for name in chosen:
                self.wait_ready(name)
        return self

    def wait_ready(self, name: str, seconds: float = 120) -> None:
        """Until the process does its work: answers, or for the worker, until a tick newer than its start was noted."""
        offset = {"web": 0, "knet": 1, "mobile-id": 2, "sms": 3}.get(name)
        if offset is not None:
            address = f"http://127.0.0.1:{self.port + offset}/{'healthz' if name == 'web' else ''}"
            wait_until(lambda: self._speaks(name, address), seconds, f"an answer of {name}")
        elif name == "worker" and {"beat", "worker"} <= set(self.running):
            wait_until(lambda: self.ready("worker"), seconds, "the worker's first tick")

    def _speaks(self, name: str, address: str) -> bool:
        if not self.alive(name):
            raise RuntimeError(f"{name} ended:\n{self.log(name)[-2000:]}")
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return name != "web"
        except (OSError, http.client.HTTPException):  # not up yet; a connection may even meet itself on a free port
            return False
        return True

    def readyz(self) -> tuple[int, dict[str, Any]]:
        """Status and content of /readyz."""
        try:
            with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)

    def ready(self, part: str) -> bool:
        """Whether /readyz calls one part well."""
        return bool(self.readyz()[1]["checks"].get(part, {}).get("status") == "ok")

    def alive(self, name: str) -> bool:
        return name in self.running and self.running[name].poll() is None

    def revive(self, *, wait: bool = True) -> None:
        """Start again whatever was started and has died, as `restart: unless-stopped` does in production."""
        dead = [name for name in self.running if not self.alive(name)]
        if dead:
            self.start(*dead, wait=wait)

    def pid(self, name: str) -> int:
        return self.running[name].pid

    def kill(self, name: str, sign: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the process and all its children, and wait until it is gone."""
        process = self.running[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        process.wait(timeout=90)

    def restart(self, name: str, sign: signal.Signals = signal.SIGTERM) -> None:
        """End one process with `sign` and start it again."""
        if self.alive(name):
            self.kill(name, sign)
        self.start(name)

    def stop(self) -> None:
        """End everything, and drop the stack's own database."""
        self.end_processes()
        if self.servers.database:
            administer(self.servers.database, f"DROP DATABASE IF EXISTS {urlsplit(self.servers.database).path[1:]} WITH (FORCE)")

    def end_processes(self) -> None:
        """End everything in order, hard where asking does not help."""
        if self._code_runner is not None:
            self._code_runner.end()
            self._code_runner = None
        for name in self.running:
            if self.alive(name):
                self.running[name].terminate()
        for name, process in self.running.items():
            try:
                process.wait(timeout=self.definitions[name].stop_seconds)
            except subprocess.TimeoutExpired:
                self.kill(name)

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`manage.py` with the environment of the stack."""
        command = [sys.executable, "-W", "ignore", "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def run_code(self, code: str) -> str:
        """What a piece of Python printed inside the portal, as `manage.py shell` would; the process stays for the next piece.

        Raises RuntimeError with its trace.
        """
        if self._code_runner is None:
            module, log = "tools.stack.code_runner", self.var / "log" / "code.log"
            self._code_runner = AnsweringProcess(module, environment=self.environment, log=log)
        return str(self._code_runner.ask(code))

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query, or an empty list after a statement; placeholders are %s on both databases."""
        connection: Any
        if self.servers.database:
            import psycopg2

            connection = psycopg2.connect(self.servers.database)
        else:
            connection = sqlite3.connect(self.var / "portal.sqlite3", timeout=20)
            query = query.replace("%s", "?")
        try:
            cursor = connection.cursor()
            cursor.execute(query, parameters)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return list(rows)
        finally:
            connection.close()

    def log(self, name: str) -> str:
        """What a process has printed so far."""
        return (self.var / "log" / f"{name}.log").read_text(encoding="utf8", errors="replace")

    def memory(self) -> int:
        """Bytes of all processes and their children, shared pages counted in part (PSS)."""
        groups = {process.pid for process in self.running.values() if process.poll() is None}
        total = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if os.getpgid(int(folder.name)) in groups:
                    for line in (folder / "smaps_rollup").read_text().splitlines():
                        if line.startswith("Pss:"):
                            total += int(line.split()[1]) * 1024
            except OSError:
                continue
        return total
