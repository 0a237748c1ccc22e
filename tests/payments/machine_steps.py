"""What a game of payments is made of: its steps, themes and deaths, and what all games share. The steps are in machine.py."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from hypothesis import strategies as st

from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from payments import states
from tests.payments.model_bank import TAKEN

GRAPHS = (states.BILL, states.ATTEMPT, states.REFUND)
# Where a process may die: each point of the payment path that the worker or the web process passes.
POINTS = (
    *("notification.stored", "notification.committed", "payments.inquired", "payments.settling", "payments.settled"),
    *("payments.inquire.claimed", "payments.inquire.carried_out", "payments.hand_over.claimed", "payments.hand_over.carried_out"),
    *("payments.confirm.claimed", "refund.approving", "refund.sending", "refund.sent", "payments.send_refund.carried_out"),
)
# Points that only a job of this kind passes, so that a death can be laid where one is due.
PASSED_BY = {
    "payments.inquired": "payments.inquire",
    "payments.settling": "payments.inquire",
    "payments.settled": "payments.inquire",
    "refund.sending": "payments.send_refund",
    "refund.sent": "payments.send_refund",
} | {point: point.rpartition(".")[0] for point in POINTS if point.endswith((".claimed", ".carried_out"))}
# What a game is about: these steps are chosen so many times as often (swarm testing, by weights instead of leaving steps out).
BOOST = 4
THEMES: dict[str, tuple[str, ...]] = {
    "anything": (),
    "the bank's page": ("decide", "notify", "give_up", "error_page", "ask"),
    "late": ("start", "decide", "capture_late", "void_bill", "notify", "ask"),
    "reversals": ("decide", "ask", "reverse", "owe_back", "owe_deposit", "propose", "approve", "pass_time"),
    "refunds": ("owe_back", "owe_deposit", "propose", "approve", "pay_out", "look_up", "confirm_finding"),
    "deaths": ("arm", "decide", "ask", "pay_out", "reverse", "owe_back", "propose", "approve"),
}
# How far a game is when it begins: so many of these steps were taken.
OPENING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("start", {"fils": 250, "any_bill": False, "leaves": True}),
    ("decide", {"result": TAKEN, "number": 0}),
    ("ask", {"number": 0, "day": "true", "is_last": False}),
    ("owe_back", {"number": 0}),
    ("propose", {"number": 0, "stale": 0, "is_both": False}),
    ("approve", {"number": 0, "stale": 0, "is_both": False}),
)
FAR = (0, 0, 1, 2, 3, 4, 4, 5, 6, 6, 6)


class Killed(BaseException):
    """The process died here; nothing that runs in it may catch this."""


@dataclass
class World:
    """What all examples share: people, and what was visited."""

    payer: Any
    cashier: Any
    checker: Any
    both: Any  # holds both roles, and is one person all the same
    walked: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)  # in how many games each edge was
    games: int = 0
    steps: int = 0
    deaths: set[str] = field(default_factory=set)

    @property
    def visited(self) -> set[tuple[str, str, str, str]]:
        return set(self.walked)


def edges() -> set[tuple[str, str, str, str]]:
    """Every edge of the three graphs of money: workflow, move, from, to."""
    return {(graph.name, *edge) for graph in GRAPHS for edge in graph.edges() if edge[0]}


@dataclass(frozen=True)
class Step:
    """Something that can happen: how often it is chosen among the others, when it makes sense, and what is drawn for it."""

    name: str
    weight: int
    when: Callable[[Any], Any]
    given: dict[str, st.SearchStrategy[Any]]


STEPS: dict[str, Step] = {}


def step(
    weight: int, when: Callable[[Any], Any] = lambda _game: True, **given: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare a step. It runs at the example's time; a refusal is an answer, a death ends it as it would end the process."""

    def declare(function: Callable[..., None]) -> Callable[..., None]:
        STEPS[function.__name__] = Step(function.__name__, weight, when, given)

        @wraps(function)
        def run(self: Any, **drawn: Any) -> None:
            self.world.steps += 1
            with clock.at(self.now), suppress(Killed, Refused, NotPermitted, TransitionRefused):
                function(self, **drawn)
            self.now += dt.timedelta(seconds=1)

        return run

    return declare
