"""Reports of several clients at once: the rate that the web server sustains, and the waiting time at 80 % of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tools.benchmarks import tables
from tools.benchmarks.client import Ask, Line
from tools.stack.running import Stack

CLIENTS = 4
SHARE = 0.8  # of the sustained rate
AIM = 400  # milliseconds, 95th percentile


def text(stack: Stack, ask: Callable[[], Ask], seconds: float) -> str:
    """Both as one sentence; `ask` gives a new report each time. Raises AssertionError for a report that is not taken."""
    rate, _ = _send(stack, ask, seconds, 0.0)
    wanted = SHARE * rate
    _, waited = _send(stack, ask, seconds, wanted)
    p95 = 1000 * tables.p95(waited)
    within = "within" if p95 <= AIM else "**missed**:"
    return (
        f"{CLIENTS} clients, a photo of 222 kB: {rate:.1f} reports a second for {seconds:.0f} seconds. At {wanted:.1f} a second, from the "
        f"moment a report was due, the 95th percentile was {p95:.0f} ms ({within} {AIM} ms, {len(waited)} reports)."
    )


def _send(stack: Stack, ask: Callable[[], Ask], seconds: float, rate: float) -> tuple[float, list[float]]:
    """Reports a second, and the seconds each took since it was due; without a `rate` each client sends as fast as it is answered."""
    began = time.perf_counter()

    def client(number: int) -> list[float]:
        line, waited = Line(stack.port), list[float]()
        while True:
            due = began + (number + CLIENTS * len(waited)) / rate if rate else time.perf_counter()
            if due - began > seconds:
                break
            time.sleep(max(0.0, due - time.perf_counter()))
            answer = line.ask(ask())
            assert answer.status == 200, f"{answer.status}: {answer.text[:300]!r}"
            waited.append(time.perf_counter() - due)
        line.close()
        return waited

    with ThreadPoolExecutor(CLIENTS) as pool:
        found = [seconds for some in pool.map(client, range(CLIENTS)) for seconds in some]
    return len(found) / (time.perf_counter() - began), found
