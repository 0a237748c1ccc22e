"""Files in a real browser: a bad line, a page that is loaded anew, drag and drop, buttons, and no script at all.

Several requests run at once, each with a connection of its own: on PostgreSQL only.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from municipality.accounts.models import User
from municipality.jobs.models import Job
from municipality.uploads import parts, services
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from tests.browsers import signed_in
from tests.municipality.uploads import seeds
from tests.municipality.uploads.conftest import SUBJECT, Draft

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.postgres]
PAGE = f"/en/uploads/{SUBJECT}/lease/"
PHONE = {"width": 360, "height": 760}


def noise(number: int, side: int = 520) -> bytes:
    """A photo like no other, of some 200 to 400 kB."""
    return seeds.saved(Image.effect_noise((side + 40 * number, side), 60 + number).convert("RGB"), "JPEG", quality=92)


@pytest.fixture
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twelve photos on the person's device."""
    folder = tmp_path_factory.mktemp("device")
    made = [folder / f"page-{number}.jpg" for number in range(12)]
    for number, path in enumerate(made):
        path.write_bytes(noise(number))
    return made


@pytest.fixture
def large(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four photos of several pieces each."""
    folder = tmp_path_factory.mktemp("device")
    made = [folder / f"large-{number}.jpg" for number in range(4)]
    for number, path in enumerate(made):
        path.write_bytes(noise(number, 1500))
        assert path.stat().st_size > 2 * 512 * 1024
    return made


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, live_server: Any, owner: User, draft: Draft) -> Iterator[Visit]:
    """Opens pages in which the owner has signed in."""
    opened: list[Any] = []

    def open_page(path: str = PAGE, **options: Any) -> Page:
        context = browser.new_context(viewport=options.pop("viewport", PHONE), **options)
        opened.append(context)
        key = signed_in(owner).cookies[django_settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        page: Page = context.new_page()
        page.goto(f"{live_server.url}{path}")
        return page

    yield open_page
    for context in opened:
        context.close()


def slow(page: Page, *, kilobytes: int = 700, latency: int = 80) -> Any:
    """A line of so many kilobytes a second, with so many milliseconds there and back."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    speed = kilobytes * 1024
    conditions = {"offline": False, "latency": latency, "downloadThroughput": speed, "uploadThroughput": speed}
    line.send("Network.emulateNetworkConditions", conditions)
    return line


def digests(paths: list[Path]) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def arrived(number: int) -> Any:
    return lambda: Upload.objects.exclude(state=UploadState.RECEIVING).count() >= number


def until(page: Page, holds: Callable[[], bool], what: str, seconds: int = 90) -> None:
    for _ in range(seconds * 10):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never: {what}")


def settled(page: Page) -> dict[str, int]:
    """How much of each file is here, once nothing more comes: the portal may still be writing what the browser sent last."""
    seen: list[dict[str, int]] = []
    while len(seen) < 5 or seen[-1] != seen[-5]:
        page.wait_for_timeout(200)
        seen.append(dict(Upload.objects.values_list("public_id", "received")))
    return seen[-1]


def test_twelve_files_survive_a_slow_line_that_is_cut_twice(visit: Visit, files: list[Path], outbox: Callable[..., int]) -> None:
    page = visit()
    line = slow(page, kilobytes=200)
    sent: Counter[str] = Counter()
    page.on("request", lambda request: sent.update([request.method]))
    page.set_input_files("#upload-lease-files", files)
    for share in (2, 6):
        until(page, arrived(share), f"{share} files")
        page.context.set_offline(True)
        page.wait_for_timeout(1200)
        assert page.locator("[data-upload-sending] li").count() > 0
        page.context.set_offline(False)
        slow(page, kilobytes=200)
    until(page, arrived(12), "all files")
    assert set(Upload.objects.values_list("sha256", flat=True)) == digests(files)
    assert sent["POST"] <= 14  # each begun once; a beginning whose answer was lost is begun again
    outbox("uploads.inspect")
    expect(page.locator(".kp-upload__file .kp-tag--ok")).to_have_count(12)
    expect(page.locator("[data-upload-status]")).to_have_text("All files have arrived.")
    expect(page.locator("[data-upload-drop]")).to_be_hidden()  # twelve fit
    line.detach()


def test_after_the_page_was_loaded_anew_the_same_files_go_on_where_they_were(visit: Visit, large: list[Path]) -> None:
    page = visit()
    slow(page, kilobytes=400)
    page.set_input_files("#upload-lease-files", large)

    def is_half_way() -> bool:
        return Upload.objects.filter(state=UploadState.RECEIVING, received__gt=0).exists()

    until(page, is_half_way, "half of it")
    page.once("dialog", lambda dialog: dialog.accept())  # files are still on their way
    page.reload()
    before = settled(page)
    sent: list[tuple[str, str, int]] = []

    def note(request: Any) -> None:
        sent.append((request.method, request.url.rstrip("/").rsplit("/", 1)[-1], int(request.headers.get("upload-offset", -1))))

    page.on("request", note)
    page.set_input_files("#upload-lease-files", large)
    until(page, arrived(4), "the rest")
    assert set(Upload.objects.values_list("sha256", flat=True)) == digests(large)
    assert Upload.objects.count() == 4
    went_on = {key: offset for method, key, offset in reversed(sent) if method == "PATCH" and key in before}
    assert went_on
    for key, offset in went_on.items():
        assert offset == before[key], "a file did not go on where it was"


@pytest.mark.parametrize(("guarded", "whole"), [(True, True), (False, False)], ids=["guarded", "control without resuming"])
def test_without_asking_for_the_offset_a_cut_file_never_arrives(visit: Visit, large: list[Path], guarded: bool, whole: bool) -> None:
    page = visit()
    cut = {"times": 1}

    def lose_the_answer(route: Any) -> None:
        """The piece arrives, its answer does not."""
        if route.request.method == "PATCH" and cut["times"]:
            cut["times"] -= 1
            route.fetch()
            route.abort()
        elif route.request.method == "HEAD" and not guarded:
            route.fulfill(status=200, headers={"Upload-Offset": "0", "Tus-Resumable": "1.0.0"})
        else:
            route.continue_()

    page.route("**/uploads/file/*/", lose_the_answer)
    page.set_input_files("#upload-lease-files", large[:1])
    if whole:
        until(page, arrived(1), "the file")
    else:
        page.wait_for_timeout(8000)
    assert (Upload.objects.get().state != UploadState.RECEIVING) is whole


def test_files_are_dropped_onto_the_page(visit: Visit, outbox: Callable[..., int]) -> None:
    page = visit(viewport={"width": 1280, "height": 800})
    content = base64.b64encode(seeds.photo()).decode()
    page.evaluate(
        """([content]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "plan.jpg", { type: "image/jpeg" }));
            const place = document.querySelector("[data-upload-drop]");
            place.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
            place.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [content],
    )
    until(page, arrived(1), "the file")
    outbox("uploads.inspect")
    expect(page.locator(".kp-upload__file .kp-tag--ok")).to_have_count(1)
    picture = page.locator(".kp-upload__preview").first
    until(page, lambda: picture.evaluate("image => image.complete"), "the picture")
    assert picture.evaluate("image => image.naturalWidth") == 320


def test_what_is_refused_is_said_beside_the_file_and_to_those_who_listen(
    visit: Visit, files: list[Path], tmp_path_factory: pytest.TempPathFactory, outbox: Callable[..., int]
) -> None:
    page = visit("/ar" + PAGE[3:])
    folder = tmp_path_factory.mktemp("device")
    (folder / "large.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * (10 * 1024 * 1024))
    (folder / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 1000)
    page.set_input_files("#upload-lease-files", [folder / "large.jpg", folder / "photo.heic"])
    expect(page.locator("[data-upload-sending] .is-bad")).to_contain_text("10 ميغابايت")
    expect(page.locator("[data-upload-list] .is-bad")).to_contain_text("الأكثر توافقاً")
    expect(page.locator("[data-upload-status]")).to_contain_text("الأكثر توافقاً")
    assert Upload.objects.count() == 1  # the large one was not even begun


def test_a_file_is_removed_and_replaced_on_the_page(visit: Visit, files: list[Path], outbox: Callable[..., int]) -> None:
    page = visit()
    page.set_input_files("#upload-lease-files", files[:2])
    until(page, arrived(2), "both files")
    outbox("uploads.inspect")
    expect(page.locator(".kp-upload__file .kp-tag--ok")).to_have_count(2)
    page.get_by_role("button", name=re.compile("Remove.*page-0")).click()
    expect(page.locator(".kp-upload__file")).to_have_count(1)
    page.get_by_role("link", name=re.compile("Replace.*page-1")).click()
    page.set_input_files("input[type=file]", files[5])
    page.get_by_role("button", name="Replace").click()
    outbox("uploads.inspect")
    page.goto(page.url)
    assert sorted(Upload.objects.values_list("name", "state")) == [
        ("page-0.jpg", "removed"),
        ("page-1.jpg", "removed"),
        ("page-5.jpg", "ready"),
    ]
    page.locator(".kp-upload__name a").click()
    expect(page.locator(".kp-upload__pages img")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Save").click()
    assert download.value.suggested_filename == "page-5.jpg"


@pytest.mark.parametrize("language", ["ar", "en"])
def test_without_a_script_everything_can_be_done_as_well(
    visit: Visit, files: list[Path], language: str, outbox: Callable[..., int]
) -> None:
    page = visit(f"/{language}" + PAGE[3:], java_script_enabled=False)
    page.set_input_files("#upload-lease-files", files[:3])
    page.locator("[data-upload-without-script] button").click()
    expect(page.locator(".kp-upload__file")).to_have_count(3)
    expect(page.locator("noscript meta[http-equiv=refresh], meta[http-equiv=refresh]")).to_have_count(1)
    assert outbox("uploads.inspect") == 3
    page.reload()
    expect(page.locator(".kp-upload__file .kp-tag--ok")).to_have_count(3)
    page.locator(".kp-upload__acts button").first.click()
    expect(page.locator(".kp-upload__file")).to_have_count(2)


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_page_fits_a_narrow_phone_and_every_target_is_large(
    visit: Visit, owner: User, language: str, files: list[Path], outbox: Callable[..., int]
) -> None:
    page = visit(f"/{language}" + PAGE[3:], viewport={"width": 320, "height": 640})
    page.set_input_files("#upload-lease-files", files[:2])
    until(page, arrived(2), "both files")
    outbox("uploads.inspect")
    services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x" * 100 + ".jpg", size=100)
    page.reload()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    heights = page.locator("main a, main button").evaluate_all("nodes => nodes.filter(n => n.offsetHeight).map(n => n.offsetHeight)")
    assert min(heights) >= 24
    assert not Job.objects.filter(state="dead").exists() and parts.root().exists()
