"""The small tier of the attack: the whole corpus in few examples, in this process, with every transaction committed as in the portal."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings

from municipality.audit.services import sequence
from municipality.kernel import clock
from tests.architecture.sample_data import NOON, SETTINGS, build
from tools.attack import inside
from tools.attack.findings import Facts, Identity, Report
from tools.attack.full import NEVER
from tools.attack.portal import SILENT
from tools.attack.run import SMALL, Attack
from tools.attack.wire import InProcess

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
PEOPLE = 5


@pytest.fixture
def _world(transactional_db: None) -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(override_settings(**SETTINGS, MOBILE_ID_ADAPTER=SILENT))
        stack.enter_context(clock.at(NOON))
        with transaction.atomic():
            build()
        cache.clear()
        yield
        cache.clear()


def facts() -> Facts:
    told = inside.answer({"do": "facts"})
    return Facts(told["objects"], told["shops"], frozenset(frozenset(pair) for pair in told["kin"]), told["marks"])


def broken() -> set[str]:
    """What the invariants name, with numbers taken out, and the state of an amount owed, which the forms of the attack may move on."""
    out = io.StringIO()
    with contextlib.suppress(CommandError):
        call_command("invariants", stdout=out)
    return {re.sub(r"\d+|(?<= is )\w+(?= and booked)", "#", line) for line in out.getvalue().splitlines()}


@pytest.mark.usefixtures("_world")
def test_the_corpus_in_few_finds_no_error_and_no_foreign_object(capsys: pytest.CaptureFixture[str]) -> None:
    before = broken()  # the sample shows a job that died and a seal that is refused, which the invariants name
    people = [Identity(**one) for one in inside.answer({"do": "begin", "people": PEOPLE})]
    report = Report(facts(), {person.name: person for person in people}, never=NEVER, slow=60)
    attack = Attack(InProcess(), people, open_session=inside.session, ask_facts=facts, report=report, size=SMALL, say=print)
    attack.run()
    with capsys.disabled():
        print(f"\n{report.table()}\nstaff saw {dict(report.staff_saw)}\nleft out: {dict(attack.left_out)}")
    assert not report.findings, report.told()
    assert not attack.left_out and all(
        report.counts[kind]["requests"] > 20 for kind in ("crawl", "identities", "addresses", "queries", "forms")
    )
    assert broken() <= before
    while sequence():  # the worker's part: no act may wait for its number
        pass
    call_command("verify_audit", stdout=io.StringIO())
