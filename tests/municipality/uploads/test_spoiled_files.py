"""Spoiled files (U1): whatever is sent, no page breaks, nothing lies outside the store, and nothing is accepted that cannot be shown."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.test import Client
from PIL import Image

from municipality.documents import store
from municipality.jobs.models import Job
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from tests.municipality.uploads import seeds
from tests.municipality.uploads.conftest import SUBJECT, Draft

MUTANTS = 1000 if os.environ.get("CHAOS_FULL") == "1" else 40
NAMES = (
    "photo.jpg",
    "photo.pdf",
    "photo.jpg.exe",
    "a\0b.jpg",
    "../../../etc/passwd",
    "..\\..\\windows\\x.jpg",
    "/etc/cron.d/x",
    "x" * 300 + ".jpg",
    "عقد\u202egpj.exe",
    "",
    ".",
    "..",
    "con.jpg",
    "%2e%2e%2fx.jpg",
    "<img src=x onerror=alert(1)>.png",
    "\ud800.jpg".encode("utf8", "surrogatepass").decode("latin1"),
    'a"b\r\nSet-Cookie: x=1.jpg',
    "{{7*7}}.jpg",
)
pytestmark = pytest.mark.django_db


def sent(client: Client, name: str, content: bytes, **options: Any) -> Any:
    """Post a file under any name at all, as no well-behaved browser would (RFC 7578)."""
    head = b'--XX\r\nContent-Disposition: form-data; name="files-lease"; filename="' + name.encode() + b'"\r\n'
    body = head + b"Content-Type: image/jpeg\r\n\r\n" + content + b"\r\n--XX--\r\n"
    address = f"/en/uploads/{SUBJECT}/lease/"
    return client.post(address, body, content_type="multipart/form-data; boundary=XX", **options)


def shows(upload: Upload) -> bool:
    """Whether what was kept can be opened by other eyes, all of it."""
    assert upload.file is not None and upload.preview is not None
    content = store.read(upload.file)
    Image.open(BytesIO(store.read(upload.preview))).load()
    if not upload.is_picture:
        with pikepdf.open(BytesIO(content)) as document:
            pictures = [bytes(page.obj.Resources.XObject.P.read_raw_bytes()) for page in document.pages]
        assert len(pictures) == upload.pages
    else:
        pictures = [content]
    for picture in pictures:
        Image.open(BytesIO(picture)).load()
    return True


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_spoiled_files_break_no_page_and_leave_nothing_behind(
    draft: Draft, client: Client, outbox: Callable[..., int], django_capture_on_commit_callbacks: Any, settings: Any, tmp_path: Path
) -> None:
    settings.UPLOADS_DAILY_FILES = 10_000
    settings.UPLOADS_DAILY_BYTES = 10**10
    client.raise_request_exception = False
    chance = random.Random(20261124)
    good = seeds.all_seeds()
    ends: Counter[str] = Counter()
    for number in range(MUTANTS):
        _name, seed = good[number % len(good)]
        content = seeds.mutant(seed, chance) if number >= len(good) else seed
        name = NAMES[number % len(NAMES)]
        with django_capture_on_commit_callbacks(execute=True):
            answer = sent(client, name, content)
            assert answer.status_code in (302, 400), (number, answer.status_code)  # 400: a name that is none, by Django itself
            outbox("uploads.inspect")
        page = client.get(f"/en/uploads/{SUBJECT}/lease/")
        assert page.status_code == 200, number
        for upload in Upload.objects.exclude(state=UploadState.REMOVED).select_related("file", "preview", "last_event"):
            ends[upload.state if upload.state == UploadState.READY else upload.reason] += 1
            assert upload.state != UploadState.READY or shows(upload), number
            with django_capture_on_commit_callbacks(execute=True):
                assert client.post(f"/en/uploads/file/{upload.public_id}/remove/").status_code == 302
    assert not Job.objects.exclude(state="done").exists(), list(Job.objects.exclude(state="done").values_list("last_error", flat=True)[:3])
    kept = {str(path.relative_to(tmp_path)).split("/")[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert kept <= {"documents"}
    assert ends[UploadState.READY] >= len(good) - 1 and ends["broken"] >= MUTANTS // 20, ends
    print(dict(ends))


@pytest.mark.parametrize("name", NAMES)
def test_a_strange_name_is_shown_and_goes_nowhere(name: str, draft: Draft, client: Client, tmp_path: Path, jpeg: bytes) -> None:
    answer = sent(client, name, jpeg, follow=True)
    assert answer.status_code in (200, 400)
    held = Upload.objects.first()
    if held is not None:
        assert held.name and len(held.name) <= 120
        assert not set(held.name) & set("/\\\0\r\n\u202e")
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert [path.name for path in files] == [f"{held.public_id}.part"]
