"""Output of the commands: one line a step with its duration, and one sentence for an error."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stop(SystemExit):
    """Ends a command with status 1 and one sentence on standard error."""

    def __init__(self, sentence: str) -> None:
        super().__init__(1)
        self.sentence = sentence


class Step:
    """A running step; `note` is printed after its seconds."""

    def __init__(self) -> None:
        self.note = ""


@contextmanager
def step(label: str) -> Iterator[Step]:
    """Print `label`, and at the end of the block its seconds; on a terminal they are updated while it runs."""
    current = Step()
    began = time.monotonic()
    ended = threading.Event()
    live = sys.stdout.isatty()

    def tick() -> None:
        while not ended.wait(1):
            sys.stdout.write(f"\r  {label:<34}{time.monotonic() - began:6.0f} s")
            sys.stdout.flush()

    sys.stdout.write(f"  {label:<34}")
    sys.stdout.flush()
    ticker = threading.Thread(target=tick, daemon=True)
    if live:
        ticker.start()
    outcome = "failed"
    try:
        yield current
        outcome = ""
    finally:
        ended.set()
        if live:
            ticker.join()
            sys.stdout.write(f"\r  {label:<34}")
        notes = ", ".join(part for part in (outcome, current.note) if part)
        sys.stdout.write(f"{time.monotonic() - began:6.1f} s{'  ' if notes else ''}{notes}\n")
        sys.stdout.flush()
