"""The machine of the portal is a day ahead, or behind, for a while: nothing ends early, nothing is done twice, and all goes on after it."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tools.chaos.portal import FULL, Portal, size
from tools.stack.running import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.postgres, pytest.mark.redis]

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
SHIFTED = ("web", "worker", "beat")


@pytest.fixture
def set_clock(portal: Portal, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Sets the clock of web, worker, timer and the hand inside, such as "+1d". Their monotonic clocks go on, as real ones do."""
    if not LIBRARIES:
        pytest.skip("faketime is not installed")
    file = tmp_path / "clock"
    given = {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(file)}
    given |= {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def set_to(offset: str) -> None:
        new = file.with_suffix(".new")
        new.write_text(f"{offset}\n", encoding="ascii")
        new.replace(file)  # a process that reads an empty file would exit

    def again() -> None:
        portal.end_hand()
        for name in SHIFTED:
            portal.kill(name)
        portal.start(*SHIFTED)

    set_to("+0")
    portal.environment |= given
    again()
    yield set_to
    for name in given:
        del portal.environment[name]
    again()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("offset", ["+1d", "-1d", "+1h", "-1h"] if FULL else ["+1d", "-1d"])
def test_a_clock_that_was_wrong_for_a_while_ends_nothing_early_and_stalls_nothing(
    portal: Portal, set_clock: Callable[[str], None], offset: str
) -> None:
    before = portal.at_bank(2)
    portal.drain()
    (last,) = portal.sql("SELECT (SELECT max(id) FROM audit_auditevent), (SELECT max(id) FROM jobs_job)")
    set_clock(offset)
    wait_until(lambda: not portal.ready("clocks"), 20, "a clock that is found wrong")
    (during,) = portal.at_bank(1)  # filed and taken to the bank by the wrong clock
    portal.pay(before[:1])
    for part in ("worker", "beat"):
        wait_until(lambda part=part: "seconds from the database" in portal.log(part), 30, f"the word of {part}")  # type: ignore[misc]
    (begun,) = portal.sql("SELECT max(id) FROM jobs_job")
    time.sleep(size(5, 40))
    assert portal.sql("SELECT max(id) FROM jobs_job") == [begun], "periodic work was enqueued by a wrong clock"
    taken = "SELECT kind FROM jobs_job WHERE id > %s AND state <> 'queued'"
    assert portal.sql(taken, last[1]) == [], "work was taken by a wrong clock"
    status, told = portal.readyz()
    assert (status, told["checks"]["clocks"]["status"]) == (200, "degraded")

    set_clock("+0")
    portal.pay([during])
    paid = [before[0], during]

    def issued() -> bool:
        return [book["state"] for book in portal.outcome(paid)] == ["issued"] * 2

    wait_until(issued, 300, "the licences of what was paid")  # nothing is dispatched by hand: the sweep finds what waits
    wait_until(lambda: portal.ready("clocks") and portal.ready("worker"), 60, "a portal that is well")
    assert portal.outcome(before[1:])[0]["attempts"] == {before[1]["trackid"]: "redirected"}, "it is open at the bank still"
    portal.prove_issued(paid)
    assert portal.ask("of_the_future") == {"events": 0, "dispatched": 0, "leases": 0, "slots": 0, "pages": 0}
    times = [at for (at,) in portal.sql("SELECT at FROM audit_auditevent WHERE id > %s ORDER BY id", last[0])]
    slack = dt.timedelta(seconds=5)
    assert all(earlier - slack < later for earlier, later in pairwise(times)), "the order of the record is that of time"
    slots = portal.ask("slots")
    assert max(Counter((kind, key) for kind, key, _ in slots).values()) == 1
    assert {tries for _, _, tries in slots} <= {0, 1}
