"""Receive visits and their evidence, each exactly once."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.fieldwork import queries
from municipality.fieldwork.models import Evidence, Visit
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.ui.texts import Text
from municipality.uploads import services as uploads
from municipality.uploads.models import Upload
from municipality.uploads.refusals import FileRefused
from municipality.uploads.states import UploadState

T = TypeVar("T")


@dataclass(frozen=True)
class SentVisit:
    """A visit as its device sends it."""

    key: str  # made on the device, a UUID
    started_at: dt.datetime  # by the clock of the device
    latitude: float | None = None  # WGS 84
    longitude: float | None = None
    accuracy_m: int | None = None


class VisitConflict(Exception):
    """The key belongs to another visit. Services turn it into a refusal with a sentence of their own."""


class ConfirmationNeeded(Refused):
    """Not an error of the visit: its sender has to see first what would be recorded, and confirm it."""

    def __init__(self, sentence: Text) -> None:
        super().__init__("confirm", sentence)


def receive(*, sender: User, sent: SentVisit, write: Callable[[Visit], T]) -> tuple[Visit, T | None]:
    """Save a visit, and call `write` with it, in one transaction. Returns the visit and the result of `write`.

    For a visit that was received before, also concurrently, `write` is not called and the second value is None. When `write` raises,
    nothing is saved. Raises VisitConflict where the key belongs to another sender or time.
    """
    existing = queries.visit_of(sent.key)
    if existing is None:
        try:
            with transaction.atomic():
                visit = Visit.objects.create(
                    key=sent.key,
                    sender=sender,
                    started_at=sent.started_at,
                    received_at=clock.now(),
                    latitude=sent.latitude,
                    longitude=sent.longitude,
                    accuracy_m=sent.accuracy_m,
                )
                return visit, write(visit)
        except IntegrityError:  # received concurrently by another request
            existing = queries.visit_of(sent.key)
            if existing is None:
                raise
    if (existing.sender_id, existing.started_at) != (sender.pk, sent.started_at):
        raise VisitConflict(sent.key)
    return existing, None


def add_evidence(
    *,
    visit: Visit,
    subject: str,
    slot: str,
    kind: str,
    files: Sequence[UploadedFile],
    captured_at: dt.datetime | None,
    sender: User,
    actor: Actor,
) -> tuple[int, list[Text]]:
    """Save photos of a visit as uploads of `subject`, skipping those it has. Returns how many are new, and the sentences of refusals.

    Raises FileRefused("no_room") when the disk is full: the device sends the photos again.
    """
    known_digests = set(Upload.objects.filter(subject=subject).exclude(state=UploadState.REMOVED).values_list("sha256", flat=True))
    added, refused = 0, []
    for file in files:
        digest = _digest(file)
        if digest in known_digests:
            continue
        try:
            with transaction.atomic():
                upload = uploads.receive(owner=sender, subject=subject, slot=slot, name=file.name or "photo", content=file)
                if upload.state == UploadState.REFUSED:  # by its first bytes, such as a photo in HEIC
                    raise FileRefused(upload.reason)
                Evidence.objects.create(
                    visit=visit,
                    kind=kind,
                    upload=upload,
                    captured_at=captured_at,
                    received_at=clock.now(),
                    latitude=visit.latitude,
                    longitude=visit.longitude,
                    accuracy_m=visit.accuracy_m,
                    added_by=sender.key,
                )
                record("evidence.added", subject=subject, actor=actor, data={"kind": kind, "sha256": digest})
        except FileRefused as refusal:
            if refusal.code == "no_room":
                raise
            refused.append(refusal.sentence)
            continue
        known_digests.add(digest)
        added += 1
    return added, refused


@transaction.atomic
def copy_evidence(marks: Sequence[Evidence], *, visit: Visit, subject: str, sender: User, actor: Actor) -> int:
    """Save accepted photos of another visit with this one too, skipping those it has. Returns how many are new.

    Time and place of their capture, and the time at which they were received, stay; what is stored of a file is shared.
    """
    known_digests = set(Upload.objects.filter(subject=subject).exclude(state=UploadState.REMOVED).values_list("sha256", flat=True))
    new = [mark for mark in marks if mark.sha256 not in known_digests]
    for mark in new:
        Evidence.objects.create(
            visit=visit,
            kind=mark.kind,
            upload=uploads.copy(mark.upload, subject=subject, owner=sender, actor=actor),
            captured_at=mark.captured_at,
            received_at=mark.received_at,
            latitude=mark.latitude,
            longitude=mark.longitude,
            accuracy_m=mark.accuracy_m,
            added_by=sender.key,
        )
        record(
            "evidence.added",
            subject=subject,
            actor=actor,
            data={"kind": mark.kind, "sha256": mark.sha256, "copy_of": mark.upload.public_id},
        )
    return len(new)


def _digest(file: UploadedFile) -> str:
    sha256 = hashlib.sha256()
    for chunk in file.chunks():
        sha256.update(chunk)
    file.seek(0)
    return sha256.hexdigest()
