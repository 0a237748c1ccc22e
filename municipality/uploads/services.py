"""Receiving files, moving them through their life, and handing them from a draft to its case."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from municipality.accounts.models import User, actor_for
from municipality.audit.services import record
from municipality.documents import alarms, store
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import TransitionRefused
from municipality.kernel.transitions import transition
from municipality.uploads import file_names, parts, queries, refusals, registry
from municipality.uploads.inspection import Drawn
from municipality.uploads.models import DayOfUploads, Upload
from municipality.uploads.states import LIVE, UploadState

BY = system("uploads")


class OffsetDiffers(Exception):
    """The bytes sent do not go on where the last ones ended; `offset` is where that is."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@transaction.atomic
def begin(*, owner: Any, subject: str, slot: str, name: str, size: int, fingerprint: str = "", replaces: Upload | None = None) -> Upload:
    """Make room for a file of `size` bytes before any of it has arrived; it counts for the day of its sender.

    `owner` sends it; where they act for the person of the subject, the file is that person's and says who sent it.

    With `replaces`, that file of the same slot goes when the new one is accepted. The same file (by its `fingerprint`) that has
    begun and not wholly arrived is found again and takes no second place: its sender may never have read the first answer.
    Raises FileRefused: locked (403), empty, too_large (413), slot_full (409), day_is_full (429).
    """
    if not registry.may_write(owner, subject, slot):
        raise refusals.locked()
    if size < 1:
        raise refusals.FileRefused("empty", status=400)
    if size > settings.UPLOADS_MAX_BYTES:
        raise refusals.too_large()
    if replaces is not None and ((replaces.subject, replaces.slot) != (subject, slot) or replaces.state == UploadState.REMOVED):
        replaces = None
    if (begun := _begun(owner, subject, slot, size, fingerprint, replaces)) is not None:
        return begun
    _count_for_the_day(owner, size)  # its row stays locked until the end, so that one person's files are counted one by one
    place = registry.slot_of(subject, slot)
    most = place.most if place else 0
    beside = queries.of(subject, slot).filter(state__in=LIVE)
    if replaces is not None:
        beside = beside.exclude(pk=replaces.pk)
    if beside.count() >= most:
        raise refusals.slot_full(most)
    now = clock.now()
    prefix = registry.prefix_of(subject)
    person = (prefix.owner(subject, owner) if prefix else None) or owner
    return Upload.objects.create(
        owner=person,
        sent_by=None if person.pk == owner.pk else owner,
        subject=subject,
        slot=slot,
        name=file_names.cleaned(name),
        size=size,
        touched_at=now,
        fingerprint=fingerprint,
        replaces=replaces,
        created_at=now,
    )


def _begun(owner: Any, subject: str, slot: str, size: int, fingerprint: str, replaces: Upload | None) -> Upload | None:
    if not fingerprint:
        return None
    same = Upload.objects.filter(owner=owner, subject=subject, slot=slot, size=size, fingerprint=fingerprint, replaces=replaces)
    return same.filter(state=UploadState.RECEIVING).order_by("pk").first()


def _count_for_the_day(owner: Any, size: int) -> None:
    """One UPDATE decides, whatever number of files come at once. Raises FileRefused("day_is_full")."""
    today = clock.today()
    DayOfUploads.objects.bulk_create([DayOfUploads(person=owner, day=today)], ignore_conflicts=True)
    fits = DayOfUploads.objects.filter(
        person=owner, day=today, files__lt=settings.UPLOADS_DAILY_FILES, bytes__lte=settings.UPLOADS_DAILY_BYTES - size
    )
    if not fits.update(files=F("files") + 1, bytes=F("bytes") + size):
        raise refusals.day_is_full()


def append(upload: Upload, *, offset: int, content: bytes) -> int:
    """Add bytes at `offset` and return how many have arrived; the last ones finish the file.

    Raises OffsetDiffers when the bytes do not go on there, parts.Busy when another request writes, ValueError for more bytes than were
    announced, and FileRefused("no_room", 507) when the disk is full: then nothing of them stays and staff are told.
    """
    try:
        return _append(upload, offset, content)
    except OSError as error:
        if not alarms.is_disk_full(error):
            raise
        alarms.disk_full()
        raise refusals.FileRefused("no_room", status=507) from error


def _append(upload: Upload, offset: int, content: bytes) -> int:
    with parts.writing(upload.public_id) as part:
        upload.refresh_from_db(fields=["state", "received", "last_event"])
        if upload.state != UploadState.RECEIVING or upload.received != offset:
            raise OffsetDiffers(upload.received)
        arrived = offset + len(content)
        if arrived > upload.size:
            raise ValueError("more bytes than were announced")
        parts.write(part, offset, content)
        with transaction.atomic():
            Upload.objects.filter(pk=upload.pk, received=offset, state=UploadState.RECEIVING).update(
                received=arrived, touched_at=clock.now()
            )
            upload.received = arrived
            if arrived == upload.size:
                finish(upload)
    return arrived


@transaction.atomic
def finish(upload: Upload) -> None:
    """Everything has arrived: note its hash and have it looked at; what is plainly no picture and no PDF is refused at once."""
    actor = actor_for(upload.sent_by or upload.owner, upload.owner)
    digest = parts.digest(upload.public_id)
    transition(upload, "receive", actor=actor, data={"sha256": digest}, sha256=digest)
    record("upload.received", subject=upload.key, actor=actor, data={"about": upload.subject, "slot": upload.slot, "sha256": digest})
    kind = file_names.kind_of(parts.head(upload.public_id, file_names.HEAD))
    if kind in file_names.TAKEN:
        enqueue("uploads.inspect", key=upload.key, upload_id=upload.pk)
    else:
        refuse(upload, kind)


def receive(*, owner: Any, subject: str, slot: str, name: str, content: Any, replaces: Upload | None = None) -> Upload:
    """Take a whole file at once, from a form. `content` is a Django file; raises what `begin` raises."""
    upload = begin(owner=owner, subject=subject, slot=slot, name=name, size=content.size, replaces=replaces)
    offset = 0
    try:
        for chunk in content.chunks():
            offset = append(upload, offset=offset, content=chunk)
    except refusals.FileRefused:  # half a file that nobody goes on sending
        with transaction.atomic():
            _remove(upload, actor=BY, reason="no_room")
        raise
    return upload


@transaction.atomic
def accept(upload: Upload, drawn: Drawn) -> None:
    """Keep what was drawn from a file; the file it replaces goes. Raises TransitionRefused if it was removed meanwhile."""
    file, preview = store.put(drawn.content, drawn.media_type), store.put(drawn.preview, "image/jpeg")
    transition(
        upload,
        "accept",
        actor=BY,
        data={"sha256": file.sha256},
        file=file,
        preview=preview,
        media_type=drawn.media_type,
        pages=drawn.pages,
        width=drawn.width,
        height=drawn.height,
    )
    record("upload.accepted", subject=upload.key, actor=BY, data={"about": upload.subject, "sha256": file.sha256})
    _forget_part(upload)
    before = Upload.objects.filter(pk=upload.replaces_id).exclude(state=UploadState.REMOVED).first() if upload.replaces_id else None
    if before is not None:
        _remove(before, actor=BY, reason="replaced")


@transaction.atomic
def refuse(upload: Upload, code: str, *, found: str = "") -> None:
    """A file that arrived is not taken; `code` names the sentence. Raises TransitionRefused if it was removed meanwhile."""
    refusals.sentence(code)
    transition(upload, "refuse", actor=BY, reason=code, data={"found": found[:60]} if found else {})
    record("upload.refused", subject=upload.key, actor=BY, data={"about": upload.subject, "reason": code})
    _forget_part(upload)


@transaction.atomic
def remove(upload: Upload, *, user: User) -> None:
    """A person takes a file back. Raises FileRefused("locked") where files cannot be changed now, TransitionRefused when gone."""
    if not registry.may_write(user, upload.subject, upload.slot):
        raise refusals.locked()
    _remove(upload, actor=actor_for(user, upload.owner))


def _remove(upload: Upload, *, actor: Actor, reason: str = "") -> None:
    transition(upload, "remove", actor=actor, reason=reason)
    record("upload.removed", subject=upload.key, actor=actor, data={"about": upload.subject, "reason": reason})
    _forget_part(upload)


def _forget_part(upload: Upload) -> None:
    public_id = upload.public_id
    transaction.on_commit(lambda: parts.drop(public_id))


@transaction.atomic
def attach(from_subject: str, to_subject: str, *, actor: Actor, with_waiting: bool = False) -> int:
    """Hand the files of a draft to what it became. Returns how many.

    A file that has not wholly arrived, or was refused, is left behind and removed. Raises FileRefused("files_waiting") while one
    is still being checked, unless `with_waiting` takes it along to be judged later.
    """
    rows = list(queries.of(from_subject).select_for_update(of=("self",)).order_by("pk"))
    if not with_waiting and any(row.state == UploadState.CHECKING for row in rows):
        raise refusals.files_waiting()
    taken = [row for row in rows if row.state in (UploadState.CHECKING, UploadState.READY)]
    for row in rows:
        if row not in taken:
            _remove(row, actor=actor, reason="not_submitted")
    Upload.objects.filter(pk__in=[row.pk for row in taken]).update(subject=to_subject)
    for row in taken:
        record("upload.attached", subject=row.key, actor=actor, data={"from": from_subject, "to": to_subject})
    return len(taken)


@transaction.atomic
def drop_all(subject: str, *, reason: str, actor: Actor = BY) -> int:
    """Remove every file of a subject that is over, with a row of the record each. Returns how many. `reason` is a code."""
    rows = list(queries.of(subject).select_for_update(of=("self",)).order_by("pk"))
    for row in rows:
        _remove(row, actor=actor, reason=reason)
    return len(rows)


def expire_unfinished() -> int:
    """Remove files of which nothing has arrived for a day, each alone. Returns how many."""
    return sweeps.for_each("uploads.expire", queries.unfinished_since(clock.now() - queries.UNFINISHED)[:500], _expire)


def _expire(upload: Upload) -> bool:
    try:
        with transaction.atomic():
            _remove(upload, actor=BY, reason="unfinished")
    except TransitionRefused:  # its last bytes came just now
        return False
    return True


def sweep() -> int:
    """Remove parts that no upload needs and counters of past days. Returns how many parts."""
    DayOfUploads.objects.filter(day__lt=clock.today() - queries.UNFINISHED).delete()
    return parts.sweep(queries.with_parts())
