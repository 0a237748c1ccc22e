"""Twelve files over a slow line that is cut twice: everything arrives once, and nothing is sent again that had arrived."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Response, expect

from tests.journeys import changed_shop
from tests.journeys.measurements import overhang
from tests.journeys.visitor import PHONE, Visitor
from tools.stack.running import Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
SENDING = "Meshal Al-Talh"
SLOTS = {"lease": 5, "drawing": 3, "manager_letter": 1, "photo_front": 3}
CUT_LINE, WHOLE_LINE = 250_000, 2_000_000  # bytes a second, until the line was cut twice and afterwards
CUT = 4  # seconds without any line
PATIENCE = 180  # seconds until all have arrived and were looked at; the machine may be loaded


def test_twelve_files_on_a_slow_line_cut_twice_arrive_once_each(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any]
) -> None:
    shop = changed_shop.shops_of(stack, {SENDING: 1})[SENDING].pop()["id"]
    owner = visit("ar", storage_state=signed_in(SENDING), viewport=PHONE)
    changed_shop.tick(owner, shop, "activity", "manager", "address")
    owner.arrive("/changes/activity/$")
    page = owner.go(f"health-licence/{shop}/changes/files/")
    files = {slot: [changed_shop.noise(f"{slot} {number}") for number in range(count)] for slot, count in SLOTS.items()}
    total = sum(len(content) for several in files.values() for content in several)
    pieces: Counter[tuple[str, str]] = Counter()
    refused: list[int] = []

    def note(answer: Response) -> None:
        if answer.request.method == "PATCH":
            if answer.status == 204:
                pieces[(answer.url, answer.request.headers["upload-offset"])] += 1
            else:
                refused.append(answer.status)

    page.on("response", note)
    line = owner.context.new_cdp_session(page)
    line.send("Network.enable")

    def conditions(*, offline: bool = False, speed: int = CUT_LINE) -> None:
        line.send(
            "Network.emulateNetworkConditions",
            {"offline": offline, "latency": 60, "downloadThroughput": speed, "uploadThroughput": speed},
        )

    def arrived() -> int:
        page.wait_for_timeout(100)  # the browser's own events are handled while something of it is awaited
        return int(stack.sql("SELECT coalesce(sum(received), 0) FROM uploads_upload WHERE owner_id = %s", me)[0][0])

    def more_than(part: float) -> bool:
        return arrived() > part

    ((me,),) = stack.sql("SELECT id FROM accounts_user WHERE name_en = %s", SENDING)
    conditions()
    for slot, several in files.items():
        payloads: list[FilePayload] = [
            {"name": f"{slot}-{n}.jpg", "mimeType": "image/jpeg", "buffer": content} for n, content in enumerate(several)
        ]
        page.set_input_files(f"#upload-{slot}-files", payloads)
    for share in (4, 2):
        wait_until(partial(more_than, total / share), PATIENCE, "a part of the files")
        conditions(offline=True)
        page.wait_for_timeout(CUT * 1000)
        assert arrived() < total, "the line was cut before all had arrived"
        assert overhang(page) == 0
        conditions()
    conditions(speed=WHOLE_LINE)

    ready = page.locator(".kp-upload .kp-tag--ok")
    ready.nth(11).wait_for(timeout=PATIENCE * 1000)
    assert ready.count() == 12
    rows = stack.sql("SELECT slot, state, sha256, received FROM uploads_upload WHERE owner_id = %s", me)
    assert Counter(state for _slot, state, *_ in rows) == {"ready": 12}, "nothing was begun twice, and nothing is left half"
    sent = sorted((slot, hashlib.sha256(content).hexdigest()) for slot, several in files.items() for content in several)
    assert sorted((slot, sha256) for slot, _state, sha256, _ in rows) == sent, "every byte of every file is there"
    assert pieces and max(pieces.values()) == 1, "no piece that had arrived was sent again"
    assert set(refused) <= {409, 423}, refused
    page.reload()
    expect(page.locator(".kp-upload .kp-tag--ok")).to_have_count(12)
    cut = [complaint for complaint in owner.wrongs() if "ERR_INTERNET_DISCONNECTED" not in complaint and "/uploads/" not in complaint]
    assert cut == []
