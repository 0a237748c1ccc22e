"""Hypothesis plays the payments: every edge of the three graphs is walked, none outside, and a guard that is missing is missed.

Small here; at full size (2,000 games of 50 steps) under `script/chaos payments`.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.stateful import run_state_machine_as_test

from municipality.jobs import services as jobs
from municipality.jobs.registry import JOB_KINDS
from payments import registry, rules
from payments.models import RefundDue
from payments.providers import provider_named
from payments.services import attempts, callbacks, inquiries, returns, settlement
from payments.states import RefundState
from tests.factories.accounts import StaffFactory
from tests.payments.machine import Payments
from tests.payments.machine_steps import World, edges

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(7200)]
FULL = os.environ.get("CHAOS_FULL") == "1"
SMALL = 20 if connection.vendor == "postgresql" else 60  # about a minute on either
GAMES, STEPS = (int(os.environ.get("CHAOS_GAMES", "2000")), 50) if FULL else (SMALL, 30)
SEED = int(os.environ.get("CHAOS_SEED", "7"))
Play = Callable[..., World]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, settings: Any, payer: Any, cashier: Any, checker: Any) -> Play:
    """Play so many games of so many steps; the world afterwards. Raises what the first broken game raised."""
    settings.PAYMENT_PROVIDER = "tests.payments.model_bank.ModelBank"
    world = World(payer, cashier, checker, StaffFactory(groups=["cashier", "finance_checker"], login="both"))
    present: list[Payments] = []

    class Game(Payments):
        def __init__(self) -> None:
            super().__init__()
            present[:] = [self]

    Game.world = world
    for module in (callbacks, inquiries, returns, settlement, jobs):
        monkeypatch.setattr(module, "failpoint", lambda name: present[0].point(name))
    heard = registry.Payable(lambda bill_id: present[0].takes(bill_id), lambda _bill_id: None)
    monkeypatch.setitem(registry.PAYABLES, "tests.thing", heard)

    def run(games: int, steps: int = 30) -> World:
        chosen = hypothesis.settings(
            max_examples=games,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        try:
            run_state_machine_as_test(hypothesis.seed(SEED)(Game), settings=chosen)
        except BaseException as broken:
            broken.add_note("\n".join([f"game {world.games} of seed {SEED}:", *present[0].trace]))
            raise
        return world

    run.world = world  # type: ignore[attr-defined]
    return run


def test_whatever_happens_in_whatever_order_the_books_are_whole_and_end_as_the_banks(play: Play) -> None:
    world = play(GAMES, STEPS)
    print(f"\n{world.games} games, {world.steps} steps, {len(world.visited)} of {len(edges())} edges, deaths at {len(world.deaths)} points")
    assert world.visited <= edges()
    rare = {" ".join(edge): world.walked[edge] for edge in sorted(edges(), key=lambda edge: world.walked[edge])[:20]}
    print("walked least, in so many games:", rare)
    if GAMES >= 1000:
        assert edges() <= world.visited, sorted(edges() - world.visited)
    assert len(world.visited) >= 25


def _agrees_with_everything(patch: pytest.MonkeyPatch) -> None:
    """The bank's answer is taken without comparing amount, track id and payment id."""
    patch.setattr(rules, "agrees", lambda *_args, **_kwargs: True)


def _begins_twice(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether a payment of the bill is open."""
    patch.setattr(attempts, "_open_attempt", lambda _bills: None)


def _pays_by_hand_at_once(patch: pytest.MonkeyPatch) -> None:
    """Money leaves by hand while the bank may still give it back by itself."""
    patch.setattr(returns, "_require_confirmed", lambda _attempt: None)


def _keeps_owing(patch: pytest.MonkeyPatch) -> None:
    """What the bank gave back by itself stays owed."""
    patch.setattr(settlement, "release", lambda _allocation, *, reason: None)


def _sends_again(patch: pytest.MonkeyPatch) -> None:
    """A refund whose sender died is sent once more."""
    careful = returns.send_refund

    def careless(*, refund_id: int) -> None:
        row = RefundDue.objects.select_related("attempt").get(pk=refund_id)
        if row.state == RefundState.SENDING:
            provider_named(row.attempt.provider).refund(trackid=row.attempt.trackid, fils=row.fils)
        careful(refund_id=refund_id)

    patch.setitem(JOB_KINDS, "payments.send_refund", replace(JOB_KINDS["payments.send_refund"], handler=careless))


def _leaves_what_the_dead_held(patch: pytest.MonkeyPatch) -> None:
    """The job of a worker that died is taken by no other."""
    patch.setattr(jobs, "LEASE", dt.timedelta(days=30))


GAPS = (_agrees_with_everything, _begins_twice, _leaves_what_the_dead_held, _pays_by_hand_at_once, _keeps_owing, _sends_again)


@pytest.mark.parametrize("gap", GAPS if FULL else GAPS[:3], ids=lambda gap: gap.__name__.strip("_"))
def test_the_control_a_missing_guard_is_found_within_two_hundred_games(gap: Any, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    gap(monkeypatch)
    with pytest.raises(Exception) as found:  # noqa: PT011 - whichever of the checks it is that breaks
        play(200)
    world: World = play.world  # type: ignore[attr-defined]
    print(f"\n{gap.__name__.strip('_')}: found in game {world.games}, {type(found.value).__name__}: {str(found.value)[:200]}")
    assert world.games <= 200
