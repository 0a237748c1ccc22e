"""Pictures of the field: taken in through the portal's uploads, each with its time and place; the same picture twice is one."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.uploads import services as uploads
from municipality.uploads.models import Upload
from municipality.uploads.refusals import FileRefused
from municipality.uploads.states import UploadState
from violations.models import Evidence, Violation


def take(
    *, violation: Violation, sender: Any, slot: str, kind: str, files: Sequence[Any], captured_at: dt.datetime | None
) -> tuple[int, list[Any]]:
    """Keep pictures of a violation. Returns how many are new, and the sentences of those that were refused.

    Raises FileRefused("no_room") when the disk is full: the sender keeps them and sends them again.
    """
    held = set(Upload.objects.filter(subject=violation.key).exclude(state=UploadState.REMOVED).values_list("sha256", flat=True))
    kept, refused = 0, []
    for file in files:
        digest = _digest(file)
        if digest in held:
            continue
        try:
            upload = uploads.receive(owner=sender, subject=violation.key, slot=slot, name=file.name or "photo", content=file)
        except FileRefused as refusal:
            if refusal.code == "no_room":
                raise
            refused.append(refusal.sentence)
            continue
        with transaction.atomic():
            Evidence.objects.create(
                violation=violation,
                kind=kind,
                upload=upload,
                captured_at=captured_at,
                latitude=violation.latitude,
                longitude=violation.longitude,
                added_by=sender.key,
                added_at=clock.now(),
            )
            record("evidence.added", subject=violation.key, actor=_actor(sender), data={"kind": kind, "sha256": digest})
        held.add(digest)
        kept += 1
    return kept, refused


def _actor(sender: Any) -> Actor:
    return Actor("inspector" if sender.is_staff else "party", sender.key)


def _digest(file: Any) -> str:
    found = hashlib.sha256()
    for chunk in file.chunks():
        found.update(chunk)
    file.seek(0)
    return found.hexdigest()
