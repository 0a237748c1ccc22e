"""A changed shop on its way to an officer, as its owner walks it: pages of the task list, files, answers, sending."""

from __future__ import annotations

import io
import json

from PIL import Image, ImageDraw

from tests.journeys.more_shops import MADE
from tests.journeys.visitor import Visitor
from tools.stack.running import Stack

CHECKED = 90  # seconds until every file that arrived has been looked at


def shops_of(stack: Stack, owners: dict[str, int]) -> dict[str, list[dict[str, str]]]:
    """More shops whose licence can be renewed, by the English name of their owner: other ones at each call."""
    told = stack.run_code(f"from tests.journeys.more_shops import add; add({owners})")
    return next(json.loads(line.removeprefix(MADE)) for line in told.splitlines() if line.startswith(MADE))


def at_desk(stack: Stack, call: str) -> None:
    """One call of `tests.journeys.desk` inside the portal."""
    stack.manage("shell", "--no-imports", "-c", f"from tests.journeys import desk; desk.{call}")


def picture(words: str = "", side: int = 640) -> bytes:
    """A picture that differs from every other one by its words."""
    image = Image.new("RGB", (side, side * 3 // 4), (180, 200, 190))
    ImageDraw.Draw(image).text((20, 20), words or "drawing", fill=(20, 30, 40))
    stream = io.BytesIO()
    image.save(stream, "JPEG")
    return stream.getvalue()


def noise(words: str, side: int = 900) -> bytes:
    """A picture that does not compress: some 800 kB, sent in two pieces."""
    import random

    stream = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(words).randbytes(3 * side * side)).save(stream, "JPEG", quality=92)
    return stream.getvalue()


def tick(visitor: Visitor, shop: str, *names: str) -> None:
    """From the renewal to the first page of what changed."""
    page = visitor.go(f"health-licence/{shop}/renew/")
    page.click(f"main a[href$='/health-licence/{shop}/changes/']")
    visitor.arrive("/changes/$")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/changes/what/$")
    for name in names:
        page.check(f"input[name=changed][value={name}]")
    page.click("#form button.kp-btn--fill")


def answer(visitor: Visitor, name: str, **fields: str) -> None:
    """One page of the task list."""
    page = visitor.arrive(f"/changes/{name}/$")
    for field, value in fields.items():
        page.fill(f"#id_{field}", value)
    page.click("#form button.kp-btn--fill")


def attach(visitor: Visitor, slot: str, content: bytes, here: str, name: str = "page.jpg") -> None:
    """A file of a slot, on the page whose path ends with `here`; waits until it was looked at."""
    page = visitor.page
    found = page.locator(f"#upload-{slot} .kp-tag--ok")
    before = found.count()
    page.set_input_files(f"#upload-{slot}-files", {"name": name, "mimeType": "image/jpeg", "buffer": content})
    if visitor.scripts:
        page.locator(f"#upload-{slot} .kp-tag--ok").nth(before).wait_for(timeout=CHECKED * 1000)
        return
    with page.expect_navigation():  # to the page it stands on
        page.click(f"#upload-{slot} [data-upload-without-script] button")
    visitor.arrive(here)
    visitor.look_until(lambda: found.count() > before, CHECKED, "the file is looked at")


def send(visitor: Visitor) -> str:
    """From the page of all answers to the case; its public id."""
    page = visitor.arrive("/changes/check/$")
    page.check("#id_declared")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/cases/[^/]+/$")
    return visitor.here().rstrip("/").rsplit("/", 1)[-1]
