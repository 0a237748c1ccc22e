"""The private store: exact bytes, no half files, nothing orphaned for ever."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from municipality.documents import store
from municipality.documents.models import StoredFile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path


def test_the_same_bytes_are_one_row_and_one_file(folder: Path) -> None:
    first, second = store.put(b"licence", "application/pdf"), store.put(b"licence", "application/pdf")
    assert first.pk == second.pk
    assert [p.name for p in (folder / "documents").rglob("*") if p.is_file()] == [first.sha256]
    assert store.read(first) == b"licence"


def test_changed_bytes_are_not_handed_out() -> None:
    stored = store.put(b"licence", "application/pdf")
    (store.root() / stored.path).write_bytes(b"forged!")
    with pytest.raises(ValueError, match="changed"):
        store.read(stored)


def test_a_full_disk_leaves_no_half_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put(b"licence", "application/pdf")
    assert not [p for p in (folder / "documents").rglob("*") if p.is_file()]
    assert not StoredFile.objects.exists()


def test_only_old_files_without_a_row_are_swept(folder: Path) -> None:
    kept = store.put(b"kept", "application/pdf")
    fresh = store.root() / "aa" / "bb" / ("a" * 64)
    fresh.parent.mkdir(parents=True)
    fresh.write_bytes(b"x")
    lost = store.root() / "cc" / "dd" / ("c" * 64)
    lost.parent.mkdir(parents=True)
    lost.write_bytes(b"y")
    for path in (lost, store.root() / kept.path):
        os.utime(path, (0, 0))
    assert store.sweep() == 1
    assert not lost.exists() and fresh.exists() and store.read(kept) == b"kept"
