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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@contextmanager
def prepared(template: Template, folder: Path) -> Iterator[Night]:
    """A portal whose commercial register has news; all of them begin alike."""
    window = {"MOCI_WINDOW": "00:00-00:00", "MOCI_PAGE_SIZE": str(PAGE)}  # the whole day
    stack = Stack(*template.copy(folder / "portal"), more=window)
    try:
        night = Night({**os.environ, **stack.environment}, folder)
        night.run("prepare", str(ROWS), str(folder / "licences.json"))
        yield night
    finally:
        stack.stop()


@dataclass
class Undisturbed:
    """The register that says the same to all portals, and how the delta ends where nobody disturbs it."""

    address: str
    content: dict[str, Any]


@pytest.fixture(scope="module")
def undisturbed(stack_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    folder = tmp_path_factory.mktemp("undisturbed")
    with contextlib.ExitStack() as ending:
        night = ending.enter_context(prepared(stack_template, folder))
        address = ending.enter_context(register(folder, folder / "licences.json", moci_key(demo_keys(folder / "portal"))))
        night.environment["MOCI_URL"] = address
        night.run("begin")
        night.run("work")
        yield Undisturbed(address, night.content())


@pytest.fixture
def night(stack_template: Template, undisturbed: Undisturbed, tmp_path: Path) -> Iterator[Night]:
    with prepared(stack_template, tmp_path) as made:
        made.environment["MOCI_URL"] = undisturbed.address
        made.run("begin")
        yield made


@pytest.mark.timeout(3600)
def test_a_delta_whose_worker_dies_between_pages_and_in_them_ends_as_an_undisturbed_one(night: Night, undisturbed: Undisturbed) -> None:
    disturbed = night
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
    expected, found = undisturbed.content, disturbed.content()
    assert expected["run"]["ended"] and expected["run"]["pages"] > ROWS / PAGE and expected["record"][0] == 1
    assert expected["run"]["raised"] == expected["differences"][0] > ROWS / 10 and expected["run"]["applied"] > ROWS / 20
    assert found == expected
    disturbed.run("work")
    assert disturbed.content() == expected, "once more changes nothing"


@pytest.mark.timeout(3600)
def test_a_cursor_that_is_kept_before_its_page_loses_differences(night: Night, undisturbed: Undisturbed) -> None:
    """The red control."""
    torn = night
    assert torn.run("torn-page", crash_at="commercial.page_torn")[0] == DEAD
    torn.run("work")
    expected, found = undisturbed.content, torn.content()
    assert found["cursor"] == expected["cursor"] and found["run"]["ended"], "it looks as if nothing had happened"
    assert found["notices"][0] == expected["notices"][0] - PAGE and found["differences"] != expected["differences"]
