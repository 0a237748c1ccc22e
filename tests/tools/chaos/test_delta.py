"""`kill -9` between the pages of a delta of the commercial register and in the middle of one: every difference once, the cursor right."""

from __future__ import annotations

import contextlib
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.keys import demo_keys, moci_key
from sandbox.simulators import serving
from sandbox.simulators.moci.book import Book
from sandbox.simulators.moci.server import Desk, application
from tests.tools.chaos.register_office import DEAD, Office
from tools.chaos.portal import size
from tools.stack.running import Stack, Template

pytestmark = [pytest.mark.chaos, pytest.mark.stack]
ROWS, PAGE = size(250, 20_000), size(40, 200)
POINTS = ("commercial.page_fetched", "commercial.page_written", "commercial.page_kept")


class Night(Office):
    """A portal of its own, whose delta runs in processes that this test starts and kills."""

    module = "tools.chaos.delta"


@contextmanager
def register(folder: Path, licences: Path, key: str) -> Iterator[str]:
    """The simulated register; yields its address."""
    book = Book(folder / "moci.sqlite3")
    book.seed(json.loads(licences.read_text(encoding="utf8")))
    server = serving.start(application(Desk(book, key)), 0)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
        book.close()


@pytest.fixture
def nights(stack_template: Template, tmp_path: Path) -> Iterator[list[Night]]:
    """Two portals that begin alike, beside one commercial register that says the same to both."""
    made, licences = [], tmp_path / "licences.json"
    window = {"MOCI_WINDOW": "00:00-00:00", "MOCI_PAGE_SIZE": str(PAGE)}  # the whole day
    with contextlib.ExitStack() as ending:
        for name in ("undisturbed", "disturbed"):
            stack = Stack(*stack_template.copy(tmp_path / name), more=window)
            ending.callback(stack.stop)
            night = Night({**os.environ, **stack.environment}, tmp_path)
            night.run("prepare", str(ROWS), str(licences))
            made.append(night)
        address = ending.enter_context(register(tmp_path, licences, moci_key(demo_keys(tmp_path / "undisturbed"))))
        for night in made:
            night.environment["MOCI_URL"] = address
            night.run("begin")
        yield made


@pytest.mark.timeout(3600)
def test_a_delta_whose_worker_dies_between_pages_and_in_them_ends_as_an_undisturbed_one(nights: list[Night]) -> None:
    undisturbed, disturbed = nights
    undisturbed.run("work")
    for point in POINTS:
        assert disturbed.run("page", crash_at=point)[0] == DEAD, point
        assert disturbed.run("page")[0] == 0  # the page is taken, or it was taken already
    if size(0, 1):  # and at moments that nobody chose
        chance = random.Random(11)
        for _ in range(10):
            process = disturbed.start("work")
            time.sleep(chance.uniform(1.5, 6))
            process.kill()
            process.communicate()
            disturbed.run("page")
    disturbed.run("work")
    expected, found = undisturbed.content(), disturbed.content()
    assert expected["run"]["ended"] and expected["run"]["pages"] > ROWS / PAGE and expected["record"][0] == 1
    assert expected["run"]["raised"] == expected["differences"][0] > ROWS / 10 and expected["run"]["applied"] > ROWS / 20
    assert found == expected
    disturbed.run("work")
    assert disturbed.content() == expected, "once more changes nothing"


@pytest.mark.timeout(3600)
def test_a_cursor_that_is_kept_before_its_page_loses_differences(nights: list[Night]) -> None:
    """The red control."""
    undisturbed, torn = nights
    undisturbed.run("work")
    assert torn.run("torn-page", crash_at="commercial.page_torn")[0] == DEAD
    torn.run("work")
    expected, found = undisturbed.content(), torn.content()
    assert found["cursor"] == expected["cursor"] and found["run"]["ended"], "it looks as if nothing had happened"
    assert found["notices"][0] == expected["notices"][0] - PAGE and found["differences"] != expected["differences"]
