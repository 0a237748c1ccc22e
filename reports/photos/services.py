"""Keep the photos of reports, each once. They have no owner, so that no file tells who reported."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import NewAuditEvent, record_all
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import VISITOR, Actor
from municipality.ui.texts import Text
from municipality.uploads import services as uploads
from municipality.uploads.models import Upload
from municipality.uploads.refusals import PIXELS, FileRefused
from municipality.uploads.states import UploadState
from reports import queries
from reports.models import HeldPhoto, PhotoKind, Report, ReportPhoto
from reports.photos import files, metadata
from reports.photos.metadata import Metadata

_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MB = 1024 * 1024
COPY = "reports.public_copy"


def hold(key: str, file: Any, captured_at: dt.datetime | None = None) -> HeldPhoto:
    """Keep a photo of a report that is not sent yet; the same file again is the same photo.

    `key` is that of the report, `file` a Django file, `captured_at` the time by the device; what the camera wrote into the file wins.
    Raises FileRefused: bad_key, empty, not_a_photo, pixels (400), too_large (413), slot_full, report_full (409), no_room (507).
    """
    if not _KEY.fullmatch(key):
        raise FileRefused("bad_key", _("The page was sent incomplete. Reload it and try again."), status=400)
    _check_kind(file)
    sha256, found, limits = _digest(file), _read(file), queries.limits()
    for _attempt in range(limits["photos"] + 1):
        try:
            with uploads.storing(), transaction.atomic():
                return _hold(key, file, sha256, found, captured_at, limits)
        except IntegrityError:  # another photo of the report, or this one, was sent at the same time
            continue
    raise _full(limits["photos"])


def _hold(key: str, file: Any, sha256: str, found: Metadata, captured_at: dt.datetime | None, limits: dict[str, int]) -> HeldPhoto:
    known = list(HeldPhoto.objects.filter(key=key).select_related("upload__last_event"))
    for row in known:
        if row.sha256 == sha256:
            return row
    free = sorted(set(range(1, limits["photos"] + 1)) - {row.position for row in known})
    if len(free) <= ReportPhoto.objects.filter(report__key=key, kind=PhotoKind.BEFORE).count():
        raise _full(limits["photos"])
    _check_size([row.upload.size for row in known], file, limits)
    subject = files.held_subject(key)
    upload = uploads.begin_ownerless(subject=subject, slot=PhotoKind.BEFORE, name="photo", size=file.size, has_room=True)
    held = HeldPhoto.objects.create(
        key=key,
        position=free[0],
        upload=upload,
        sha256=sha256,
        captured_at=found.captured_at or _past(captured_at),
        latitude=found.latitude,
        longitude=found.longitude,
        created_at=clock.now(),
    )
    uploads.fill(upload, file, sha256)
    return held


def _check_size(sizes: Iterable[int], file: Any, limits: Mapping[str, int]) -> None:
    if sum(sizes) + file.size > limits["photos_mb"] * _MB:
        text = _("The photos of a report may have %(mb)s MB together. Remove one, or send it smaller.") % {"mb": limits["photos_mb"]}
        raise FileRefused("report_full", text)


class Sent(NamedTuple):
    """What is to be written of a report and its photos together: acts and jobs; and each reason why a photo was not kept, once."""

    acts: list[NewAuditEvent]
    jobs: list[tuple[str, str, dict[str, Any]]]
    refused: list[FileRefused]


def add_sent(report: Report, files: Iterable[Any], limits: Mapping[str, int]) -> Sent:
    """Keep the photos that come with a report, each once, in the transaction that has stored it.

    Their bytes are on the disk before the first row. The caller records the acts and enqueues the jobs.
    """
    kept, refused = dict[str, tuple[Upload, Metadata]](), dict[str, FileRefused]()
    for file in files:
        try:
            _check_kind(file)
            sha256 = _digest(file)
            if sha256 in kept:
                continue
            if len(kept) == limits["photos"]:
                raise _full(limits["photos"])
            _check_size([upload.size for upload, _facts in kept.values()], file, limits)
            facts = _read(file)
            upload = uploads.keep(subject=report.subject_key, slot=PhotoKind.BEFORE, name="photo", content=file, sha256=sha256)
            kept[sha256] = upload, facts
        except FileRefused as refusal:
            refused.setdefault(refusal.code, refusal)
    if not kept:
        return Sent([], [], list(refused.values()))
    acts, jobs = uploads.receive_kept([upload for upload, _facts in kept.values()])
    rows = ReportPhoto.objects.bulk_create(_row(report, PhotoKind.BEFORE, upload, upload.sha256, facts) for upload, facts in kept.values())
    acts += [_act(report, row, VISITOR) for row in rows]
    jobs += [(COPY, *_copy_of(row)) for row in rows]
    return Sent(acts, jobs, list(refused.values()))


def held(key: str) -> list[HeldPhoto]:
    """The photos that are kept under the key of a report that is not sent yet, also those that were refused, oldest first."""
    return list(HeldPhoto.objects.filter(key=key).select_related("upload__last_event").order_by("pk"))


def of_key(key: str) -> list[ReportPhoto]:
    """The photos that came with the report that was received under a key, oldest first."""
    return list(ReportPhoto.objects.filter(report__key=key, kind=PhotoKind.BEFORE).order_by("pk"))


def refusal_of(row: HeldPhoto | ReportPhoto) -> FileRefused:
    """Why the upload of a photo was refused."""
    return FileRefused(row.upload.reason)


def drop_refused(key: str) -> list[Text]:
    """Remove the photos of a report that is not sent yet which were refused, some only when they were decoded. Returns each reason once."""
    refused = [row for row in held(key) if row.upload.state == UploadState.REFUSED]
    for row in refused:
        drop_held(key, row.upload.public_id)
    return list({row.upload.reason: refusal_of(row).sentence for row in refused}.values())


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
    uploads.remove_ownerless(row.upload)
    row.delete()
    return True


def drop_old() -> int:
    """Remove photos of reports that were not sent within the days of the rulebook. Returns how many."""
    before = clock.now() - dt.timedelta(days=queries.limits()["held_days"])
    rows = HeldPhoto.objects.filter(created_at__lt=before).order_by("pk")[:500]
    return sweeps.for_each("reports.drop_held", rows, _drop)


@transaction.atomic(savepoint=False)
def attach_held(report: Report, *, is_new: bool = False) -> list[ReportPhoto]:
    """Make the photos kept under the key of a report its photos; call it in the transaction that stores the report (`is_new`), or later."""
    rows = list(HeldPhoto.objects.select_for_update().filter(key=report.key).order_by("pk"))
    if not rows:
        return []
    moved = uploads.attach(files.held_subject(report.key), report.subject_key, actor=VISITOR, with_waiting=True)
    attached = {upload.pk: upload for upload in moved}
    photos = ReportPhoto.objects.filter(report=report, kind=PhotoKind.BEFORE)
    known = set() if is_new else set(photos.values_list("sha256", flat=True))
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
    Raises FileRefused: empty, not_a_photo, pixels (400), too_large (413), slot_full (409), no_room (507).
    """
    _check_kind(file)
    sha256, found = _digest(file), _read(file)
    latitude, longitude = metadata.in_kuwait(latitude, longitude)
    if found.latitude is not None:
        latitude, longitude = found.latitude, found.longitude
    with uploads.storing(), transaction.atomic():
        report = Report.objects.select_for_update().get(pk=report.pk)
        photo = ReportPhoto.objects.filter(report=report, kind=kind, sha256=sha256).first()
        if photo is None:
            upload = _begin_sent(report, kind, file.size)
            facts = Metadata(found.captured_at or _past(captured_at), latitude, longitude)
            photo = _make(report, kind, upload, sha256, facts, actor)
            uploads.fill(upload, file, sha256)
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
    photo = _row(report, kind, upload, sha256, facts)
    photo.save(force_insert=True)
    record_all([_act(report, photo, actor)])
    key, ids = _copy_of(photo)
    enqueue(COPY, key=key, **ids)
    return photo


def _row(report: Report, kind: str, upload: Upload, sha256: str, facts: Metadata) -> ReportPhoto:
    where = {"latitude": facts.latitude, "longitude": facts.longitude}
    times = {"captured_at": facts.captured_at, "received_at": clock.now()}
    return ReportPhoto(report=report, kind=kind, upload=upload, sha256=sha256, **where, **times)


def _act(report: Report, photo: ReportPhoto, actor: Actor) -> NewAuditEvent:
    return NewAuditEvent("report.photo_added", report.subject_key, actor, {"kind": photo.kind, "sha256": photo.sha256})


def _copy_of(photo: ReportPhoto) -> tuple[str, dict[str, Any]]:
    return f"photo:{photo.public_id}", {"photo_id": photo.pk}


def _check_kind(file: Any) -> None:
    """A document is no photo, by its first bytes alone; whether anything else is one, `uploads` finds out."""
    file.seek(0)
    if file.read(5) == b"%PDF-":
        raise FileRefused("not_a_photo", _("This is a document. Take a photo of the problem, or choose one."), status=400)


def _read(file: Any) -> Metadata:
    """What the camera wrote. Raises FileRefused("pixels") for a photo that would be refused when it is decoded."""
    found = metadata.read(file)
    if found.pixels > PIXELS:
        raise FileRefused("pixels", status=400)
    return found


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
