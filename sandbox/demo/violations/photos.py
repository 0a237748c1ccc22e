"""A drawn photo for every violation that was found on a visit, in bulk: a few pictures, shared by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from municipality.audit.models import AuditEvent
from municipality.documents import store
from municipality.documents.models import StoredFile
from municipality.fieldwork.models import Evidence
from municipality.kernel.actors import Actor, system
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from sandbox.demo import scenes
from sandbox.demo.bulk import audit_event, event, move
from sandbox.demo.seeds import public_id, seeded
from violations.models import EvidenceKind, Violation

S = UploadState
UPLOADS = system("uploads")
SLOT = "photos"


def add() -> int:
    """Add a photo to every violation with a visit, taken when it was seen. Returns how many."""
    rows = list(Violation.objects.filter(visit__isnull=False).select_related("inspector__user", "visit").order_by("pk"))
    files = {name: _file(picture) for name, picture in scenes.draw().items()}
    rng = seeded("photos of violations")
    uploads = Upload.objects.bulk_create(_upload(row, files[scenes.of(row.offence)], public_id(rng)) for row in rows)
    pairs = list(zip(rows, uploads, strict=True))
    senders = {row.pk: Actor("inspector", row.inspector.user.key) for row in rows if row.inspector is not None}
    for name, source, target in (("receive", S.RECEIVING, S.CHECKING), ("accept", S.CHECKING, S.READY)):
        Upload.EVENTS.objects.bulk_create(
            event(upload, name, source, target, row.received_at, senders[row.pk] if name == "receive" else UPLOADS) for row, upload in pairs
        )
        move(Upload.objects.filter(pk__in=[upload.pk for upload in uploads]), target)
    Evidence.objects.bulk_create(
        Evidence(
            visit=row.visit,
            kind=EvidenceKind.OFFENCE,
            upload=upload,
            captured_at=row.seen_at,
            received_at=row.received_at,
            latitude=row.visit.latitude,
            longitude=row.visit.longitude,
            accuracy_m=row.visit.accuracy_m,
            added_by=senders[row.pk].key,
        )
        for row, upload in pairs
        if row.visit is not None
    )
    AuditEvent.objects.bulk_create(_audit_events(pairs, senders))
    return len(uploads)


def _file(picture: bytes) -> tuple[bytes, StoredFile]:
    return picture, store.put(picture, "image/jpeg")


def _upload(row: Violation, file: tuple[bytes, StoredFile], key: str) -> Upload:
    picture, stored = file
    if row.inspector is None:
        raise LookupError(f"{row.reference} has no inspector")
    return Upload(
        public_id=key,
        owner=row.inspector.user,
        subject=row.key,
        slot=SLOT,
        name="front.jpg",
        size=len(picture),
        received=len(picture),
        touched_at=row.received_at,
        sha256=hashlib.sha256(picture).hexdigest(),
        file=stored,
        preview=stored,
        media_type="image/jpeg",
        pages=1,
        width=scenes.SIZE[0],
        height=scenes.SIZE[1],
        created_at=row.received_at,
    )


def _audit_events(pairs: Sequence[tuple[Violation, Upload]], senders: dict[int, Actor]) -> list[AuditEvent]:
    events = []
    for row, upload in pairs:
        facts = {"about": row.key, "sha256": upload.sha256}
        events += [
            audit_event("upload.received", upload.key, row.received_at, senders[row.pk], facts | {"slot": SLOT}),
            audit_event("upload.accepted", upload.key, row.received_at, UPLOADS, facts),
            audit_event(
                "evidence.added", row.key, row.received_at, senders[row.pk], {"kind": EvidenceKind.OFFENCE, "sha256": upload.sha256}
            ),
        ]
    return events
