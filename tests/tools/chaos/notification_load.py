"""Notifications of the bank under load, and a database that is away."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from sandbox.simulators.knet import protocol
from tools.chaos.portal import Portal
from tools.stack.running import administer

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def bodies(portal: Portal, count: int, *behaviours: str) -> list[tuple[str, str]]:
    """The true notification of so many payments at the bank, with these bad days, and the line that must answer it."""
    key = json.loads((portal.var / "demo-keys.json").read_text(encoding="utf8"))["KNET_RESOURCE_KEY"].encode()
    found = []
    for renewal in portal.at_bank(count):
        portal.behave(renewal, *behaviours)
        row = portal.bank(f"book?trackid={renewal['trackid']}")["transactions"][0]
        fields = {"paymentid": row["paymentid"], "result": "CAPTURED", "trackid": row["trackid"], "amt": protocol.amount_text(row["amt"])}
        found.append((protocol.encrypt(key, protocol.result_text(fields)).upper(), f"REDIRECT={portal.base_url}/pay/r/{renewal['token']}"))
    return found


def post(portal: Portal, session: requests.Session, body: str) -> tuple[int, str, float]:
    began = time.monotonic()
    try:
        answer = session.post(f"{portal.base_url}/pay/knet/response", data=body, headers=FORM, timeout=20)
    except requests.RequestException as error:
        return 0, type(error).__name__, time.monotonic() - began
    return answer.status_code, answer.text, time.monotonic() - began


@dataclass
class Load:
    """What so many notifications got: seconds each, in order, and answers that were not the one that they must get."""

    took: list[float]
    wrong: Counter[tuple[int, str]]

    @property
    def median(self) -> float:
        return self.took[len(self.took) // 2]

    @property
    def p99(self) -> float:
        return self.took[int(len(self.took) * 0.99)]


def load(portal: Portal, sent: list[tuple[str, str]], *, a_second: int, seconds: int) -> Load:
    """Notifications at a steady rate, whether the earlier ones are answered or not."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    began, took, wrong = time.monotonic(), [], Counter[tuple[int, str]]()

    def one(number: int) -> None:
        due = began + number / a_second
        time.sleep(max(0.0, due - time.monotonic()))
        body, line = sent[number % len(sent)]
        status, text, _seconds = post(portal, session, body)
        took.append(time.monotonic() - due)  # from when it was due: whoever waits for a free line waits too
        if (status, text) != (200, line):
            wrong[status, text[:60]] += 1

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(one, range(a_second * seconds)))
    session.close()
    found = Load(sorted(took), wrong)
    figures = {"median": found.median, "p99": found.p99, "max": found.took[-1]}
    print(f"\n{len(took)} notifications at {a_second}/s:", {name: f"{each * 1000:.0f} ms" for name, each in figures.items()})
    return found


@contextlib.contextmanager
def database_away(portal: Portal) -> Iterator[None]:
    """Nobody gets a connection any more, and whoever has one loses it."""
    url = portal.servers.database
    name = urlsplit(url).path.strip("/")
    administer(url, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    try:
        administer(url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        yield
    finally:
        administer(url, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
