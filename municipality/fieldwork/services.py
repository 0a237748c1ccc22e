"""Receive a visit exactly once, and keep its evidence: the same photo sent twice is one."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from municipality.audit.services import record
from municipality.fieldwork import queries
from municipality.fieldwork.models import Evidence, Visit
from municipality.kernel import clock
from municipality.kernel.actors import Actor
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


class SentDifferently(Exception):
    """The key is that of another visit. Each service tells it in its own words."""


def receive(*, sender: Any, sent: SentVisit, write: Callable[[Visit], T]) -> tuple[Visit, T | None]:
    """Keep a visit and what `write` makes of it in one transaction. Returns both; None for the second when the visit was known.

    Sent twice, one after the other or at once, `write` runs once; when it raises, nothing is kept. Raises SentDifferently when the
    key was used by somebody else or for another time, and whatever `write` raises.
    """
    known = queries.visit_of(sent.key)
    if known is None:
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
        except IntegrityError:  # the same visit twice at once: the other one is there now
            known = queries.visit_of(sent.key)
            if known is None:
                raise
    if (known.sender_id, known.started_at) != (sender.pk, sent.started_at):
        raise SentDifferently(sent.key)
    return known, None


def add_evidence(
    *,
    visit: Visit,
    subject: str,
    slot: str,
    kind: str,
    files: Sequence[Any],
    captured_at: dt.datetime | None,
    sender: Any,
    actor: Actor,
) -> tuple[int, list[Any]]:
    """Keep photos of a visit as uploads of the subject that it is for. Returns how many are new, and the sentences of those refused.

    A refused photo takes nothing else with it. Raises FileRefused("no_room") when the disk is full: the device keeps them and
    sends them again.
    """
    held = set(Upload.objects.filter(subject=subject).exclude(state=UploadState.REMOVED).values_list("sha256", flat=True))
    kept, refused = 0, []
    for file in files:
        digest = _digest(file)
        if digest in held:
            continue
        try:
            upload = uploads.receive(owner=sender, subject=subject, slot=slot, name=file.name or "photo", content=file)
        except FileRefused as refusal:
            if refusal.code == "no_room":
                raise
            refused.append(refusal.sentence)
            continue
        with transaction.atomic():
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
        held.add(digest)
        kept += 1
    return kept, refused


def _digest(file: Any) -> str:
    found = hashlib.sha256()
    for chunk in file.chunks():
        found.update(chunk)
    file.seek(0)
    return found.hexdigest()
