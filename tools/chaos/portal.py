"""The portal as real processes under faults: its own Redis, points at which a process dies, and what must be true afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from script.support import services
from script.support.environment import ROOT
from script.support.processes import Process, worker
from tools.stack.running import Servers, Stack

FULL = os.environ.get("CHAOS_FULL") == "1"
# Which processes a test may kill; the other simulators are not part of the portal.
PARTS = ("knet", "sms", "web", "worker", "beat")
MESSAGES = ["licensing.renewal_issued", "licensing.renewal_submitted", "payments.payment_received"]


def size(small: int, full: int) -> int:
    """A number of the small run, in the suite, or of the whole one, `script/chaos`."""
    return full if FULL else small


class Broker:
    """A Redis server of the tests' own, for broker and cache; after a stop it comes back empty."""

    def __init__(self) -> None:
        self.port = services.free_port()
        self._running: Any = None

    def start(self) -> None:
        self._running = services.redis(policy="noeviction", append_only=True, port=self.port)
        self._running.__enter__()

    def stop(self) -> None:
        if self._running is not None:
            self._running.__exit__(None, None, None)
            self._running = None

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def flush(self) -> None:
        """Forget every message."""
        from redis import Redis

        with Redis(host="127.0.0.1", port=self.port) as client:
            client.flushall()


class Portal(Stack):
    """A stack whose processes can be told where to die, with a hand inside."""

    def __init__(self, servers: Servers, var: Path, broker: Broker | None, *, careless: bool = False) -> None:
        if broker is not None:
            servers = replace(servers, redis=f"redis://127.0.0.1:{broker.port}/0", cache=f"redis://127.0.0.1:{broker.port}/1")
        more = {"KNET_INQUIRY_DELAY_SECONDS": "1", "PORTAL_CRASH_AT": "*", "WEB_WORKERS": "2"}
        super().__init__(servers, var, more=more)
        self.broker = broker
        if careless:
            self._without_guards()
        self._inside: subprocess.Popen[str] | None = None
        for name in PARTS:
            self.points(name).mkdir(parents=True, exist_ok=True)

    def _without_guards(self) -> None:
        given = worker(sys.executable, concurrency=4)
        command = tuple("tools.chaos.careless" if part == "municipality" else part for part in given.command)
        self.definitions["worker"] = Process("worker", command, given.stop_seconds)
        web = self.definitions["web"]
        command = tuple("tools.chaos.careless_web" if part == "municipality.wsgi" else part for part in web.command)
        self.definitions["web"] = Process("web", command, web.stop_seconds)
        self.environment["CARELESS_FOLDER"] = str(self.var / "careless")
        (self.var / "careless").mkdir()

    # Faults

    def points(self, process: str) -> Path:
        """The folder whose files name the points at which that process dies once."""
        return self.var / "crash" / process

    def start(self, *names: str, wait: bool = True) -> Portal:
        """Each process gets its own points."""
        for name in names or tuple(self.definitions):
            self.environment["PORTAL_CRASH_ONCE"] = str(self.points(name))
            super().start(name, wait=False)
        if wait:
            for name in names or tuple(self.definitions):
                self.wait_ready(name)
        return self

    def arm(self, process: str, *points: str) -> None:
        """The process, or a child of it, dies the next time it comes to each of the points."""
        for point in points:
            (self.points(process) / point).touch()

    def still_armed(self) -> list[str]:
        """Points that no process has come to."""
        return sorted(path.name for path in (self.var / "crash").glob("*/*"))

    def disarm(self) -> None:
        for path in (self.var / "crash").glob("*/*"):
            path.unlink(missing_ok=True)

    def gaps(self, *knobs: str) -> None:
        """Which guards worker and web leave out from now on (`tools.chaos.careless`, `careless_web`)."""
        folder = Path(self.environment["CARELESS_FOLDER"])
        for path in folder.iterdir():
            path.unlink()
        for knob in knobs:
            (folder / knob).touch()

    @contextlib.contextmanager
    def second_clock(self) -> Iterator[None]:
        """Two beats, as after a careless deployment."""
        first = self.definitions["beat"]
        command = tuple(f"{part}2" if part == str(self.var / "run" / "beat") else part for part in first.command)
        self.definitions["beat2"] = Process("beat2", command, first.stop_seconds)
        self.points("beat2").mkdir(parents=True, exist_ok=True)
        self.start("beat2", wait=False)
        try:
            yield
        finally:
            self.kill("beat2")
            del self.definitions["beat2"], self.running["beat2"]

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[None]:
        """A process that does nothing meanwhile."""
        os.killpg(self.pid(name), signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.pid(name), signal.SIGCONT)

    # The hand inside

    def ask(self, do: str, **given: Any) -> Any:
        """Have `tools.chaos.inside` do something. Raises RuntimeError with its trace."""
        if self._inside is None:
            environment = self.environment | {"PORTAL_CRASH_AT": ""}
            with (self.var / "log" / "inside.log").open("ab") as log:
                self._inside = subprocess.Popen(
                    [sys.executable, "-W", "ignore", "-m", "tools.chaos.inside"],
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        assert self._inside.stdin and self._inside.stdout
        self._inside.stdin.write(json.dumps({"do": do, "with": given}) + "\n")
        self._inside.stdin.flush()
        answer = json.loads(self._inside.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["answer"]

    def end_hand(self) -> None:
        """The next thing asked begins a new one."""
        if self._inside is not None:
            assert self._inside.stdin and self._inside.stdout
            self._inside.stdin.close()
            self._inside.wait(timeout=20)
            self._inside.stdout.close()
            self._inside = None

    def end_processes(self) -> None:
        """Hard, since a test of kills has nothing to wait for; the hand inside ends by itself."""
        self.end_hand()
        for name in self.running:
            if self.alive(name):
                self.kill(name)
        super().end_processes()

    # The bank

    def bank(self, path: str, body: Mapping[str, Any] | None = None, *, seconds: float = 60) -> Any:
        """The control desk of the bank's simulator."""
        url = f"{self.knet_url}/control/{path}"
        answer = requests.get(url, timeout=seconds) if body is None else requests.post(url, json=body, timeout=seconds)
        answer.raise_for_status()
        return answer.json()

    def at_bank(self, number: int) -> list[dict[str, Any]]:
        """So many renewals, each before the bank's page."""
        made: list[dict[str, Any]] = self.ask("renewals", number=number)
        for renewal in made:
            self.visit(renewal)
        return made

    def visit(self, renewal: Mapping[str, Any]) -> None:
        """The browser opens the bank's page."""
        assert requests.get(renewal["url"], timeout=20, allow_redirects=False).status_code == 302

    def behave(self, renewal: Mapping[str, Any], *behaviours: str) -> None:
        """The bank's bad day for one payment."""
        self.bank("behaviour", {"trackid": renewal["trackid"], "next": list(behaviours)})

    def pay(self, renewals: Iterable[Mapping[str, Any]], *, at_once: int = 1) -> list[dict[str, Any]]:
        """The customers press "pay", `at_once` of them at the same time."""
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(lambda renewal: self.bank("pay", {"trackid": renewal["trackid"]}), renewals))

    def notifications(self, renewal: Mapping[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.bank(f"notifications?trackid={renewal['trackid']}")["notifications"]
        return found

    # What must be true

    def outcome(self, renewals: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The books of each renewal, in their order."""
        found: list[dict[str, Any]] = self.ask("outcome", cases=[renewal["case"] for renewal in renewals])
        return found

    def drain(self, seconds: float = 120) -> None:
        """Until nothing is due, with dead processes started again; leases of the dead end at once in the small run."""
        until = time.monotonic() + seconds
        quiet = 0
        while quiet < 2:
            self.revive()
            quiet = quiet + 1 if self.ask("waiting", pass_time=not FULL) == 0 else 0
            if time.monotonic() > until:
                raise TimeoutError(f"work is left after {seconds:.0f} seconds: {self.open_jobs()}")
            time.sleep(0.25)

    def open_jobs(self) -> list[tuple[Any, ...]]:
        return self.sql("SELECT kind, state, count(*), max(last_error) FROM jobs_job WHERE state IN ('queued', 'running') GROUP BY 1, 2")

    def prove_issued(self, renewals: Iterable[Mapping[str, Any]], seconds: float = 120) -> list[dict[str, Any]]:
        """Wait until every renewal is issued, then prove that each act happened once. Returns the books."""
        wanted, until = list(renewals), time.monotonic() + seconds
        while True:
            self.drain(max(1.0, until - time.monotonic()))
            books = self.outcome(wanted)
            if all(_is_whole(book) for book in books):
                break
            if time.monotonic() > until:
                states = Counter((book["state"], book["receipts"], tuple(book["attempts"].values())) for book in books)
                raise TimeoutError(f"not all are issued after {seconds:.0f} seconds: {states} {self.open_jobs()}")
            time.sleep(0.5)
        self.prove_once(books)
        return books

    def prove_once(self, books: list[dict[str, Any]]) -> None:
        """One receipt, one licence under one number, and each message once on each channel."""
        numbers = [number for book in books for number in book["licences"]]
        assert [len(book["licences"]) for book in books] == [1] * len(books)
        assert [book["numbers"] for book in books] == [book["licences"] for book in books], "a killed worker wasted a number"
        assert len(set(numbers)) == len(numbers)
        assert [(book["receipts"], book["receipt_files"]) for book in books] == [(1, 1)] * len(books)
        texts, mails = self.texts(), self.mails()
        for book in books:
            assert book["messages"] == MESSAGES
            assert {delivery["state"] for delivery in book["deliveries"]} == {"sent"}
            keys = {channel: {d["key"] for d in book["deliveries"] if d["channel"] == channel} for channel in ("sms", "email")}
            assert all(texts[key] == 1 for key in keys["sms"])
            assert keys["email"] <= set(mails)

    def texts(self) -> Counter[str]:
        """Text messages in the simulator, by idempotency key."""
        return Counter(message["idempotency_key"] for message in self.text_messages())

    def text_messages(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.sms_url}/messages", timeout=20)
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    def mails(self) -> Counter[str]:
        """E-mails written, by the key in their Message-ID: a mail system that sees it twice keeps one."""
        found: Counter[str] = Counter()
        for path in (self.var / "mail").glob("*"):
            found.update(re.findall(r"^Message-ID: <([^@>]+)@", path.read_text(encoding="utf8"), re.M))
        return found


def _is_whole(book: Mapping[str, Any]) -> bool:
    delivered = {delivery["state"] for delivery in book["deliveries"]} == {"sent"}
    return book["state"] == "issued" and bool(book["receipt_files"]) and delivered and book["messages"] == MESSAGES
