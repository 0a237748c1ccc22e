"""Keep the photos of reports, each once. They have no owner, so that no file tells who reported."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from contextlib import suppress
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import VISITOR, Actor
from municipality.uploads import services as uploads
from municipality.uploads.models import Upload
from municipality.uploads.refusals import FileRefused
from municipality.uploads.states import UploadState
from reports import queries
from reports.models import HeldPhoto, PhotoKind, Report, ReportPhoto
from reports.photos import files, metadata
from reports.photos.metadata import Metadata

_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MB = 1024 * 1024


def hold(key: str, file: Any, captured_at: dt.datetime | None = None) -> HeldPhoto:
    """Keep a photo of a report that is not sent yet; the same file again is the same photo.

    `key` is that of the report, `file` a Django file, `captured_at` the time by the device; what the camera wrote into the file wins.
    Raises FileRefused: bad_key, empty, not_a_photo (400), too_large (413), slot_full, report_full (409), no_room (507).
    """
    if not _KEY.fullmatch(key):
        raise FileRefused("bad_key", _("The page was sent incomplete. Reload it and try again."), status=400)
    _check_kind(file)
    sha256, found, limits = _digest(file), metadata.read(file), queries.limits()
    for _attempt in range(limits["photos"] + 1):
        held = _held(key, sha256)
        if held is not None:
            break
        try:
            with transaction.atomic():
                held = _begin(key, file, sha256, found, captured_at, limits)
            break
        except IntegrityError:  # another photo of the report, or this one, was sent at the same time
            continue
    else:
        raise _full(limits["photos"])
    _fill(held.upload, file)
    return held


def _fill(upload: Upload, file: Any) -> None:
    if upload.state == UploadState.RECEIVING:
        with suppress(uploads.OffsetDiffers):  # the same file is being received by another request
            uploads.fill(upload, file)


def _held(key: str, sha256: str) -> HeldPhoto | None:
    held = HeldPhoto.objects.filter(key=key, sha256=sha256).select_related("upload__last_event").first()
    if held is not None and held.upload.state == UploadState.REMOVED:  # there was no room for it
        held.delete()
        return None
    return held


def _begin(key: str, file: Any, sha256: str, found: Metadata, captured_at: dt.datetime | None, limits: dict[str, int]) -> HeldPhoto:
    rows = HeldPhoto.objects.filter(key=key)
    taken = set(rows.values_list("position", flat=True))
    free = [number for number in range(1, limits["photos"] + 1) if number not in taken]
    if len(free) <= ReportPhoto.objects.filter(report__key=key, kind=PhotoKind.BEFORE).count():
        raise _full(limits["photos"])
    if (rows.aggregate(sum=Sum("upload__size"))["sum"] or 0) + file.size > limits["photos_mb"] * _MB:
        text = _("The photos of a report may have %(mb)s MB together. Remove one, or send it smaller.") % {"mb": limits["photos_mb"]}
        raise FileRefused("report_full", text)
    upload = uploads.begin_ownerless(subject=files.held_subject(key), slot=PhotoKind.BEFORE, name="photo", size=file.size)
    return HeldPhoto.objects.create(
        key=key,
        position=free[0],
        upload=upload,
        sha256=sha256,
        captured_at=found.captured_at or _past(captured_at),
        latitude=found.latitude,
        longitude=found.longitude,
        created_at=clock.now(),
    )


def held(key: str) -> list[HeldPhoto]:
    """The photos that are kept under the key of a report that is not sent yet, also those that were refused, oldest first."""
    rows = HeldPhoto.objects.filter(key=key).exclude(upload__state=UploadState.REMOVED)
    return list(rows.select_related("upload__last_event").order_by("pk"))


def of_key(key: str) -> list[ReportPhoto]:
    """The photos that came with the report that was received under a key, oldest first."""
    return list(ReportPhoto.objects.filter(report__key=key, kind=PhotoKind.BEFORE).order_by("pk"))


def refusal_of(row: HeldPhoto) -> FileRefused:
    """Why the upload of a held photo was refused."""
    return FileRefused(row.upload.reason)


@transaction.atomic
def drop_held(key: str, upload_id: str) -> None:
    """Remove a photo, by the public id of its upload, from a report that is not sent yet; nothing happens for an unknown one."""
    row = HeldPhoto.objects.filter(key=key, upload__public_id=upload_id).first()
    if row is not None:
        _drop(row)


@transaction.atomic
def drop_all(key: str) -> None:
    """Remove all photos that are kept under the key of a report that is not sent yet."""
    for row in HeldPhoto.objects.filter(key=key).order_by("pk"):
        _drop(row)


def _drop(found: HeldPhoto) -> bool:
    """False where it became a photo of its report meanwhile; locked in the order of `attach_held`."""
    row = HeldPhoto.objects.select_for_update().filter(pk=found.pk).first()
    if row is None:
        return False
    if row.upload.state != UploadState.REMOVED:
        uploads.remove_ownerless(row.upload)
    row.delete()
    return True


def drop_old() -> int:
    """Remove photos of reports that were not sent within the days of the rulebook. Returns how many."""
    before = clock.now() - dt.timedelta(days=queries.limits()["held_days"])
    rows = HeldPhoto.objects.filter(created_at__lt=before).order_by("pk")[:500]
    return sweeps.for_each("reports.drop_held", rows, _drop)


@transaction.atomic
def attach_held(report: Report) -> list[ReportPhoto]:
    """Make the photos kept under the key of a report its photos; call it in the transaction that stores the report, or after it."""
    rows = list(HeldPhoto.objects.select_for_update().filter(key=report.key).order_by("pk"))
    if not rows:
        return []
    uploads.attach(files.held_subject(report.key), report.subject_key, actor=VISITOR, with_waiting=True)
    known = set(ReportPhoto.objects.filter(report=report, kind=PhotoKind.BEFORE).values_list("sha256", flat=True))
    attached = Upload.objects.filter(subject=report.subject_key, state__in=[UploadState.CHECKING, UploadState.READY]).in_bulk()
    made = [
        _make(report, PhotoKind.BEFORE, attached[row.upload_id], row.sha256, Metadata(row.captured_at, row.latitude, row.longitude))
        for row in rows
        if row.upload_id in attached and row.sha256 not in known
    ]
    HeldPhoto.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return made


def add(
    report: Report,
    kind: str,
    file: Any,
    captured_at: dt.datetime | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    *,
    actor: Actor = VISITOR,
) -> ReportPhoto:
    """Keep a photo of a report that is stored; the same file of the same kind again is the same photo.

    `kind` is a PhotoKind; time and place are those of the device, what the camera wrote into the file wins. `actor` is whoever adds it.
    Raises FileRefused: empty, not_a_photo (400), too_large (413), slot_full (409), no_room (507).
    """
    _check_kind(file)
    sha256, found = _digest(file), metadata.read(file)
    latitude, longitude = metadata.in_kuwait(latitude, longitude)
    if found.latitude is not None:
        latitude, longitude = found.latitude, found.longitude
    with transaction.atomic():
        report = Report.objects.select_for_update().get(pk=report.pk)
        photo = ReportPhoto.objects.filter(report=report, kind=kind, sha256=sha256).select_related("upload").first()
        if photo is None:
            upload = _begin_sent(report, kind, file.size)
            facts = Metadata(found.captured_at or _past(captured_at), latitude, longitude)
            photo = _make(report, kind, upload, sha256, facts, actor)
    _fill(photo.upload, file)
    return photo


def _begin_sent(report: Report, kind: str, size: int) -> Upload:
    try:
        return uploads.begin_ownerless(subject=report.subject_key, slot=kind, name="photo", size=size)
    except FileRefused as refusal:
        if refusal.code != "slot_full":
            raise
        # Of a report that was sent no photo is removed.
        raise FileRefused("slot_full", _("The report has as many photos of this kind as it may have. Send this without another.")) from None


def _make(report: Report, kind: str, upload: Upload, sha256: str, facts: Metadata, actor: Actor = VISITOR) -> ReportPhoto:
    photo = ReportPhoto.objects.create(
        report=report,
        kind=kind,
        upload=upload,
        sha256=sha256,
        captured_at=facts.captured_at,
        latitude=facts.latitude,
        longitude=facts.longitude,
        received_at=clock.now(),
    )
    record("report.photo_added", subject=report.subject_key, actor=actor, data={"kind": kind, "sha256": sha256})
    enqueue("reports.public_copy", key=f"photo:{photo.public_id}", photo_id=photo.pk)
    return photo


def _check_kind(file: Any) -> None:
    """A document is no photo; whether anything else is one, `uploads` finds out."""
    file.seek(0)
    if file.read(5) == b"%PDF-":
        raise FileRefused("not_a_photo", _("This is a document. Take a photo of the problem, or choose one."), status=400)


def no_file() -> FileRefused:
    return FileRefused("no_file", _("No photo was sent. Choose it again."), status=400)


def _full(most: int) -> FileRefused:
    return FileRefused("slot_full", _("A report has at most %(most)s photos. Remove one first.") % {"most": most})


def _past(moment: dt.datetime | None) -> dt.datetime | None:
    return min(moment, clock.now()) if moment is not None else None


def _digest(file: Any) -> str:
    sha256 = hashlib.sha256()
    for chunk in file.chunks():
        sha256.update(chunk)
    file.seek(0)
    return sha256.hexdigest()
