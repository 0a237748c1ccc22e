"""Receive files, change their states, and attach the files of a draft to its case."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_for
from municipality.audit.services import NewAuditEvent, record
from municipality.documents import alarms, store
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import VISITOR, Actor, system
from municipality.kernel.errors import Refused, TransitionRefused
from municipality.kernel.transitions import transition
from municipality.uploads import file_names, parts, queries, refusals, registry
from municipality.uploads.inspection import Reencoded
from municipality.uploads.models import DailyUploads, Upload
from municipality.uploads.states import LIVE, UploadState

SYSTEM = system("uploads")


class OffsetDiffers(Exception):
    """The bytes do not continue at `offset`, where the received ones end."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@contextmanager
def storing() -> Iterator[None]:
    """Around the transaction that stores bytes: without room on the disk it ends with an alarm and FileRefused("no_room", 507)."""
    try:
        yield
    except OSError as error:
        if not alarms.is_disk_full(error):
            raise
        alarms.disk_full()
        raise refusals.FileRefused("no_room", status=507) from error


@transaction.atomic
def begin(*, owner: Any, subject: str, slot: str, name: str, size: int, fingerprint: str = "", replaces: Upload | None = None) -> Upload:
    """Create an upload of `size` bytes, before any of them have arrived; it counts for the daily limits of its sender.

    Employees have none: what an inspector photographs on a long day is evidence.

    `owner` is the sender; where they act for the person of the subject, the file belongs to that person. With `replaces`, that file of
    the same slot is removed when the new one is accepted. An unfinished upload with the same `fingerprint` is returned again. Raises
    FileRefused: locked (403), empty (400), too_large (413), slot_full (409), day_is_full (429).
    """
    return _begin(owner, subject, slot, name, size, fingerprint, replaces)


def _begin(owner: Any, subject: str, slot: str, name: str, size: int, fingerprint: str = "", replaces: Upload | None = None) -> Upload:
    if not registry.may_write(owner, subject, slot):
        raise refusals.locked()
    _check_size(size)
    if replaces is not None and ((replaces.subject, replaces.slot) != (subject, slot) or replaces.state == UploadState.REMOVED):
        replaces = None
    if replaces is not None and replaces.pk in registry.held(subject):
        raise refusals.locked()
    prefix = registry.prefix_of(subject)
    person = (prefix.owner(subject, owner) if prefix else None) or owner
    sender = {"owner": person, "sent_by": None if person.pk == owner.pk else owner}
    if (begun := _find_unfinished(sender, subject, slot, size, fingerprint, replaces)) is not None:
        return begun
    if not owner.is_staff:
        _count_daily_use(owner, size)  # locks the row of the day, so that the files of a person are counted one by one
    _check_room(subject, registry.slot_of(subject, slot), replaces)
    return _create(
        **sender,
        subject=subject,
        slot=slot,
        name=name,
        size=size,
        fingerprint=fingerprint,
        replaces=replaces,
    )


@transaction.atomic(savepoint=False)
def begin_ownerless(*, subject: str, slot: str, name: str, size: int, has_room: bool = False) -> Upload:
    """As `begin`, for a subject whose files have no owner; `fill` follows in the same transaction.

    The caller has checked who may send, and counts what one sender sends; with `has_room` also the files of the slot. Raises
    FileRefused: locked (403), empty (400), too_large (413), slot_full (409).
    """
    prefix = registry.prefix_of(subject)
    if prefix is None or not prefix.ownerless or slot in prefix.locked(subject):
        raise refusals.locked()
    _check_size(size)
    if not has_room:
        definition = prefix.slots(subject).get(slot)
        if definition is None:
            raise refusals.locked()
        _check_room(subject, definition)
    return _create(owner=None, subject=subject, slot=slot, name=name, size=size)


def _check_size(size: int) -> None:
    if size < 1:
        raise refusals.FileRefused("empty", status=400)
    if size > settings.UPLOADS_MAX_BYTES:
        raise refusals.too_large()


def _check_room(subject: str, slot: registry.Slot | None, replaces: Upload | None = None) -> None:
    max_files = slot.most if slot else 0
    others = queries.of(subject, slot.code if slot else "").filter(state__in=LIVE)
    if replaces is not None:
        others = others.exclude(pk=replaces.pk)
    if others.count() >= max_files:
        raise refusals.slot_full(max_files)


def _create(**facts: Any) -> Upload:
    upload = _new(**facts)
    upload.save(force_insert=True)
    return upload


def _new(*, name: str, **facts: Any) -> Upload:
    now = clock.now()
    return Upload(name=file_names.clean_name(name), touched_at=now, created_at=now, **facts)


def _find_unfinished(
    sender: dict[str, Any], subject: str, slot: str, size: int, fingerprint: str, replaces: Upload | None
) -> Upload | None:
    if not fingerprint:
        return None
    uploads = Upload.objects.filter(**sender, subject=subject, slot=slot, size=size, fingerprint=fingerprint, replaces=replaces)
    return uploads.filter(state=UploadState.RECEIVING).order_by("pk").first()


def _count_daily_use(owner: Any, size: int) -> None:
    """Count a file against the daily limits, by one UPDATE. Raises FileRefused("day_is_full")."""
    today = clock.today()
    DailyUploads.objects.bulk_create([DailyUploads(person=owner, day=today)], ignore_conflicts=True)
    fits = DailyUploads.objects.filter(
        person=owner, day=today, files__lt=settings.UPLOADS_DAILY_FILES, bytes__lte=settings.UPLOADS_DAILY_BYTES - size
    )
    if not fits.update(files=F("files") + 1, bytes=F("bytes") + size):
        raise refusals.day_is_full()


def append(upload: Upload, *, offset: int, content: bytes) -> int:
    """Append bytes at `offset` and return how many have arrived; the last ones finish the file.

    Raises OffsetDiffers where the received bytes end elsewhere, parts.PartBusy when another request writes, ValueError for more bytes
    than announced, and FileRefused("no_room", 507), with an alarm, when the disk is full: then none of the bytes are stored.
    """
    with storing():
        return _append(upload, offset, content)


def _append(upload: Upload, offset: int, content: bytes) -> int:
    with parts.writing(upload.public_id) as part:
        upload.refresh_from_db(fields=["state", "received", "last_event"])
        if upload.state != UploadState.RECEIVING or upload.received != offset:
            raise OffsetDiffers(upload.received)
        received = offset + len(content)
        if received > upload.size:
            raise ValueError("more bytes than were announced")
        parts.write(part, offset, content)
        with transaction.atomic():
            Upload.objects.filter(pk=upload.pk, received=offset, state=UploadState.RECEIVING).update(
                received=received, touched_at=clock.now()
            )
            upload.received = received
            if received == upload.size:
                finish(upload)
    return received


def finish(upload: Upload) -> None:
    """A file has fully arrived: store its hash and enqueue its inspection, or refuse it by its first bytes."""
    _finish(upload, parts.digest(upload.public_id), parts.head(upload.public_id, file_names.HEAD))


def _finish(upload: Upload, digest: str, head: bytes, *, savepoint: bool = True, **changes: Any) -> None:
    actor = actor_for(upload.sent_by or upload.owner, upload.owner) if upload.owner is not None else VISITOR
    transition(upload, "receive", actor=actor, data={"sha256": digest}, savepoint=savepoint, sha256=digest, **changes)
    record("upload.received", subject=upload.key, actor=actor, data={"about": upload.subject, "slot": upload.slot, "sha256": digest})
    kind = file_names.kind_of(head)
    if kind in file_names.ACCEPTED:
        enqueue("uploads.inspect", key=upload.key, upload_id=upload.pk)
    else:
        refuse(upload, kind)


def receive(*, owner: Any, subject: str, slot: str, name: str, content: Any, replaces: Upload | None = None) -> Upload:
    """Receive a whole file from a form, in one transaction. `content` is a Django file; raises what `begin` and `storing` raise."""
    with storing(), transaction.atomic():
        upload = _begin(owner, subject, slot, name, content.size, replaces=replaces)
        fill(upload, content)
    return upload


def fill(upload: Upload, content: Any, sha256: str = "") -> None:
    """Store a whole Django file durably as an upload that the same transaction has begun, within `storing`; then it is finished.

    `sha256` is its hash where the caller has computed it. Of a transaction that is undone a part may stay, which `sweep` deletes.
    """
    digest, head = parts.write_whole(upload.public_id, content, file_names.HEAD, sha256)
    _finish(upload, digest, head, savepoint=False, received=upload.size)


def keep(*, subject: str, slot: str, name: str, content: Any, sha256: str) -> Upload:
    """Store the bytes of a whole Django file durably, for a subject whose files have no owner. Returns its upload for `receive_kept`.

    Without a row `sweep` deletes the bytes. `sha256` is their hash. The caller has checked who may send, and that the slot has room.
    Raises FileRefused: locked (403), empty, type, heic (400), too_large (413), no_room (507).
    """
    prefix = registry.prefix_of(subject)
    if prefix is None or not prefix.ownerless or slot in prefix.locked(subject):
        raise refusals.locked()
    _check_size(content.size)
    content.seek(0)
    kind = file_names.kind_of(content.read(file_names.HEAD))
    if kind not in file_names.ACCEPTED:
        raise refusals.FileRefused(kind, status=400)
    upload = _new(owner=None, subject=subject, slot=slot, name=name, size=content.size, received=content.size, sha256=sha256)
    with storing():
        parts.write_whole(upload.public_id, content, file_names.HEAD, sha256)
    return upload


def receive_kept(uploads: Sequence[Upload]) -> tuple[list[NewAuditEvent], list[tuple[str, str, dict[str, Any]]]]:
    """Insert the rows of uploads whose bytes `keep` has stored.

    Returns their audit events and jobs, which the caller records and enqueues in the same transaction.
    """
    Upload.objects.bulk_create(uploads)
    for row in uploads:
        transition(row, "receive", actor=VISITOR, data={"sha256": row.sha256}, savepoint=False)
    acts = [
        NewAuditEvent("upload.received", row.key, VISITOR, {"about": row.subject, "slot": row.slot, "sha256": row.sha256})
        for row in uploads
    ]
    return acts, [("uploads.inspect", row.key, {"upload_id": row.pk}) for row in uploads]


@transaction.atomic
def accept(upload: Upload, reencoded: Reencoded) -> None:
    """Store the re-encoded file and remove the one it replaces. Raises TransitionRefused if it was removed meanwhile."""
    file, preview = store.put(reencoded.content, reencoded.media_type), store.put(reencoded.preview, "image/jpeg")
    transition(
        upload,
        "accept",
        actor=SYSTEM,
        data={"sha256": file.sha256},
        file=file,
        preview=preview,
        media_type=reencoded.media_type,
        pages=reencoded.pages,
        width=reencoded.width,
        height=reencoded.height,
    )
    record("upload.accepted", subject=upload.key, actor=SYSTEM, data={"about": upload.subject, "sha256": file.sha256})
    _delete_part_on_commit(upload)
    others = Upload.objects.select_for_update().exclude(state=UploadState.REMOVED)
    replaced = others.filter(pk=upload.replaces_id).first() if upload.replaces_id else None
    if replaced is not None and replaced.pk not in registry.held(replaced.subject):
        _remove(replaced, actor=SYSTEM, reason="replaced")


@transaction.atomic
def copy(upload: Upload, *, subject: str, owner: User, actor: Actor) -> Upload:
    """An accepted file once more, for another subject; what is stored of it is shared."""
    facts = {name: getattr(upload, name) for name in ("slot", "name", "size", "created_at")}
    row = Upload.objects.create(owner=owner, subject=subject, received=upload.size, touched_at=clock.now(), **facts)
    transition(row, "receive", actor=actor, data={"copy_of": upload.public_id}, sha256=upload.sha256)
    judged = {name: getattr(upload, name) for name in ("file", "preview", "media_type", "pages", "width", "height")}
    transition(row, "accept", actor=SYSTEM, data={"copy_of": upload.public_id}, **judged)
    record("upload.accepted", subject=row.key, actor=actor, data={"about": subject, "copy_of": upload.public_id})
    return row


@transaction.atomic
def refuse(upload: Upload, code: str, *, found: str = "") -> None:
    """Refuse a file that has arrived, for the reason `code`. Raises TransitionRefused if it was removed meanwhile."""
    refusals.sentence(code)
    transition(upload, "refuse", actor=SYSTEM, reason=code, data={"found": found[:60]} if found else {})
    record("upload.refused", subject=upload.key, actor=SYSTEM, data={"about": upload.subject, "reason": code})
    _delete_part_on_commit(upload)


@transaction.atomic
def remove(upload: Upload, *, user: User) -> None:
    """Remove a file. Raises FileRefused("locked") where it cannot be removed now, TransitionRefused if it is removed."""
    Upload.objects.select_for_update().get(pk=upload.pk)  # an act that keeps the file locks it too
    if upload.owner is None or not may_remove(upload, user=user):
        raise refusals.locked()
    _remove(upload, actor=actor_for(user, upload.owner))


def may_remove(upload: Upload, *, user: User) -> bool:
    """Whether a user may remove or replace a file now."""
    return registry.may_write(user, upload.subject, upload.slot) and upload.pk not in registry.held(upload.subject)


def _remove(upload: Upload, *, actor: Actor, reason: str = "") -> None:
    transition(upload, "remove", actor=actor, reason=reason)
    record("upload.removed", subject=upload.key, actor=actor, data={"about": upload.subject, "reason": reason})
    _delete_part_on_commit(upload)


@transaction.atomic
def remove_ownerless(upload: Upload) -> None:
    """Remove a file that has no owner; the caller has checked who asks. Raises TransitionRefused if it is removed."""
    _remove(upload, actor=VISITOR)


def _delete_part_on_commit(upload: Upload) -> None:
    public_id = upload.public_id
    transaction.on_commit(lambda: parts.drop(public_id))


def refuse_waiting(subject: str, slot: str | None = None) -> None:
    """Before an act that locks the files of a subject, or of one of its slots: what has not arrived by then could not be replaced.

    Raises Refused("files_waiting") while one of them is being received or checked.
    """
    if queries.is_waiting(subject, slot):
        raise Refused("files_waiting", _("A file is still being checked. Please wait a moment and send again."))


@transaction.atomic
def attach(
    from_subject: str, to_subject: str, *, actor: Actor, with_waiting: bool = False, slots: Collection[str] | None = None
) -> list[Upload]:
    """Move the files of a subject, such as a draft, to another. Returns those that were moved.

    Removes files that are unfinished or refused, and those outside `slots` where it is given. Raises
    FileRefused("files_waiting") while one of the others is being checked, unless `with_waiting` moves these too.
    """
    rows = list(queries.of(from_subject).select_related(None).select_for_update().order_by("pk"))
    wanted = [row for row in rows if slots is None or row.slot in slots]
    if not with_waiting and any(row.state == UploadState.CHECKING for row in wanted):
        raise refusals.files_waiting()
    attached = [row for row in wanted if row.state in (UploadState.CHECKING, UploadState.READY)]
    for row in rows:
        if row not in attached:
            _remove(row, actor=actor, reason="not_submitted")
    Upload.objects.filter(pk__in=[row.pk for row in attached]).update(subject=to_subject)
    for row in attached:
        row.subject = to_subject
        record("upload.attached", subject=row.key, actor=actor, data={"from": from_subject, "to": to_subject})
    return attached


@transaction.atomic
def drop_all(subject: str, *, reason: str, actor: Actor = SYSTEM) -> int:
    """Remove all files of a subject, with an audit event each. Returns how many. `reason` is a code."""
    rows = list(queries.of(subject).select_for_update(of=("self",)).order_by("pk"))
    for row in rows:
        _remove(row, actor=actor, reason=reason)
    return len(rows)


def expire_unfinished() -> int:
    """Remove files of which nothing has arrived for a day. Returns how many."""
    return sweeps.for_each("uploads.expire", queries.unfinished_since(clock.now() - queries.UNFINISHED)[:500], _expire)


def _expire(upload: Upload) -> bool:
    try:
        with transaction.atomic():
            _remove(upload, actor=SYSTEM, reason="unfinished")
    except TransitionRefused:  # it has just been finished
        return False
    return True


def sweep() -> int:
    """Delete parts that are not needed, and counters of past days. Returns how many parts."""
    DailyUploads.objects.filter(day__lt=clock.today() - queries.UNFINISHED).delete()
    return parts.sweep(queries.with_parts())
