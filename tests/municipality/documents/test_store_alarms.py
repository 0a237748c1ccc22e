"""A kept file that is missing or changed, and a store without room: a page with a sentence and an alarm, never a bare error."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import transaction
from django.test import Client, RequestFactory

from municipality.audit.models import AuditEvent
from municipality.documents import alarms, store
from municipality.documents.middleware import StoreMiddleware
from municipality.documents.models import StoredFile
from municipality.kernel import clock
from tests.conftest import NOON
from tests.full_disk import full_disk

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(settings: Any, tmp_path: Path) -> StoredFile:
    settings.VAR_DIR = tmp_path
    return store.put(b"sealed bytes", "application/pdf")


@pytest.mark.parametrize("harm", ["gone", "changed", "folder"])
def test_a_file_that_is_not_what_was_kept_is_told_as_damaged(kept: StoredFile, harm: str) -> None:
    path = store.root() / kept.path
    if harm == "changed":
        path.write_bytes(b"other bytes")
    else:
        path.unlink()
    if harm == "folder":
        path.mkdir()
    with pytest.raises(store.Damaged) as found:
        store.read(kept)
    for _ in range(2):
        answer = StoreMiddleware(lambda request: None).process_exception(RequestFactory().get("/en/"), found.value)  # type: ignore[arg-type,return-value]
        assert answer is not None and answer.status_code == 503
        assert "cannot be given out" in answer.content.decode() or "لا يمكن إصدار" in answer.content.decode()
    assert AuditEvent.objects.get(action="store.damaged").subject == f"file:{kept.sha256}"
    with clock.at(NOON.replace(year=2027)):
        alarms.file_damaged(kept.sha256)
    assert AuditEvent.objects.filter(action="store.damaged").count() == 2


def test_a_store_without_room_keeps_no_half_of_a_file(settings: Any, tmp_path: Path) -> None:
    with full_disk(tmp_path / "small") as folder:
        settings.VAR_DIR = folder
        with pytest.raises(OSError, match="No space") as found, transaction.atomic():
            store.put(b"x" * 100_000, "text/csv")
        assert not [path for path in store.root().rglob("*") if path.is_file()] and not StoredFile.objects.exists()
    answer = StoreMiddleware(lambda request: None).process_exception(RequestFactory().get("/en/"), found.value)  # type: ignore[arg-type,return-value]
    assert answer is not None and answer.status_code == 507
    assert AuditEvent.objects.filter(action="store.no_room").count() == 1


def test_another_error_stays_an_error(db: None) -> None:
    """The control: only a full disk and a damaged file are told as such."""
    tell = StoreMiddleware(lambda request: None).process_exception  # type: ignore[arg-type,return-value]
    assert tell(RequestFactory().get("/"), PermissionError(13, "no")) is None and tell(RequestFactory().get("/"), ValueError()) is None


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_file_that_does_not_fit_into_the_temporary_folder_is_a_page(client: Client, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Larger files of forms lie there before any view sees them."""

    def full(handler: Any, *args: Any, **kwargs: Any) -> None:
        raise OSError(code, "no room")

    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", full)
    answer = client.post("/en/track/", {"file": SimpleUploadedFile("big.csv", b"x" * 900_000)})
    assert answer.status_code == 507 and "no room" in answer.content.decode()
