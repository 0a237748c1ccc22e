"""The disk is full while files are sent: 507 with a sentence, an alarm for staff, nothing half kept, and it goes on when there is room."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from municipality.audit.models import AuditEvent
from municipality.uploads import parts
from municipality.uploads.models import Upload
from tests.full_disk import empty, full_disk
from tests.municipality.uploads.conftest import SUBJECT, Draft
from tests.municipality.uploads.tus_client import create, offset, patch

pytestmark = pytest.mark.django_db
PIECE = 64 * 1024


@pytest.fixture
def disk(draft: Draft, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Room for one piece and not for two."""
    with full_disk(tmp_path / "small", room=PIECE + 8192) as folder:
        settings.VAR_DIR = folder
        yield folder


def alarms() -> int:
    return AuditEvent.objects.filter(action="store.no_room").count()


def test_a_piece_without_room_is_told_leaves_nothing_and_comes_again(client: Client, disk: Path) -> None:
    content = os.urandom(2 * PIECE)
    address = create(client, len(content))["Location"]
    assert patch(client, address, 0, content[:PIECE]).status_code == 204
    for _ in range(2):
        full = patch(client, address, PIECE, content[PIECE:])
        assert full.status_code == 507 and full["Content-Type"].startswith("text/plain")
        assert "no room" in full.content.decode() and "Upload-Offset" not in full
    part = parts.path(Upload.objects.get().public_id)
    assert part.stat().st_size == PIECE and offset(client, address)["Upload-Offset"] == str(PIECE)
    assert alarms() == 1  # once in an hour, however often it happens
    empty(disk)
    if (disk / "documents").is_dir():  # a disk of its own, which has room again
        assert patch(client, address, PIECE, content[PIECE:]).status_code == 204


def test_a_whole_form_without_room_is_a_page_and_keeps_no_half_of_a_file(client: Client, disk: Path) -> None:
    address = f"/en/uploads/{SUBJECT}/lease/"
    assert reverse("uploads:slot", args=[SUBJECT, "lease"]).endswith(f"/uploads/{SUBJECT}/lease/")
    answer = client.post(address, {"files-lease": SimpleUploadedFile("a.jpg", b"\xff\xd8\xff" + os.urandom(3 * PIECE))})
    assert answer.status_code == 507 and "no room" in answer.content.decode()
    assert not Upload.objects.exists() and not list((disk / "uploads" / "parts").iterdir()) and alarms() == 1


def test_what_is_written_on_a_full_disk_is_cut_back(disk: Path) -> None:
    """The control: without cutting back, what did fit stays and fills the disk to its last page."""
    parts.folder("parts")
    with parts.writing("x") as part, pytest.raises(OSError, match="No space"):
        parts.write(part, 0, os.urandom(3 * PIECE))
    assert parts.path("x").stat().st_size == 0
