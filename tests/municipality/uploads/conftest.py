"""A subject for files that only the tests know, its owner, and a portal that keeps files in a folder of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from municipality.accounts.models import User
from municipality.uploads import registry, services
from municipality.uploads.models import Upload
from municipality.uploads.registry import Slot
from tests.architecture.page_watch import every_page_is_sound  # noqa: F401
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, PersonFactory
from tests.municipality.uploads import seeds

SUBJECT = "testdraft:1"
SLOTS = {
    "lease": Slot("lease", "Lease contract", "All pages, with both signatures.", most=12),
    "drawing": Slot("drawing", "Drawing"),
    "photo_front": Slot("photo_front", "Photo of the front", photo=True, most=3),
}


class Draft:
    """Who may do what with the test's subjects; each test may change it."""

    readers: set[int]
    writers: set[int]
    locked: set[str]


@pytest.fixture
def owner(db: None) -> User:
    return PersonFactory()


@pytest.fixture
def stranger(db: None) -> User:
    return PersonFactory(civil_id=NOURA)


@pytest.fixture
def draft(owner: User, settings: Any, tmp_path: Path) -> Iterator[Draft]:
    """Subjects `testdraft:…` and `case:…`, which the owner may read; the case may be written to by nobody."""
    settings.VAR_DIR = tmp_path
    rules = Draft()
    rules.readers, rules.writers, rules.locked = {owner.pk}, {owner.pk}, set()
    known = dict(registry.PREFIXES)
    registry.PREFIXES.pop("case", None)
    draft = registry.Prefix(
        may_write=lambda user, subject: user.pk in rules.writers,
        may_read=lambda user, subject: user.pk in rules.readers,
        slots=lambda subject: SLOTS if subject == SUBJECT else {},
        locked=lambda subject: rules.locked,
    )
    registry.PREFIXES.register("testdraft", draft)
    case = registry.Prefix(
        may_write=lambda user, subject: False, may_read=lambda user, subject: user.pk in rules.readers, slots=lambda subject: SLOTS
    )
    registry.PREFIXES.register("case", case)
    yield rules
    registry.PREFIXES.clear()
    registry.PREFIXES.update(known)


@pytest.fixture
def client(owner: User) -> Client:
    return signed_in(owner)


Send = Callable[..., Upload]


@pytest.fixture
def send(draft: Draft, owner: User, outbox: Callable[..., int], django_capture_on_commit_callbacks: Any) -> Send:
    """Sends bytes as the owner would and looks at them as the worker would; the row afterwards."""

    def one(content: bytes, name: str = "file.jpg", *, slot: str = "lease", looked_at: bool = True, **other: Any) -> Upload:
        with django_capture_on_commit_callbacks(execute=True):
            upload = services.receive(
                owner=owner, subject=SUBJECT, slot=slot, name=name, content=SimpleUploadedFile(name, content), **other
            )
            if looked_at:
                outbox("uploads.inspect")
        return Upload.objects.select_related("last_event", "file", "preview").get(pk=upload.pk)

    return one


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return seeds.photo()
