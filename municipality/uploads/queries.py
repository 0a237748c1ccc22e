"""Queries about uploads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from django.db.models import QuerySet

from municipality.accounts.requests import Visitor
from municipality.uploads import registry
from municipality.uploads.models import Upload
from municipality.uploads.states import SHOWN, UploadState

UNFINISHED = dt.timedelta(hours=24)


def of(subject: str, slot: str | None = None, *, states: Collection[str] = SHOWN) -> QuerySet[Upload]:
    """The files of a subject that were not removed, oldest first. Check `registry.may_read` before showing them."""
    rows = Upload.objects.filter(subject=subject, state__in=states)
    if slot is not None:
        rows = rows.filter(slot=slot)
    return rows.select_related("last_event", "file").order_by("pk")


def ready(subject: str, slot: str | None = None) -> QuerySet[Upload]:
    """The files of a subject that are ready."""
    return of(subject, slot, states=(UploadState.READY,))


def missing(subject: str, least: Mapping[str, int]) -> list[str]:
    """The slots of a subject that have fewer ready files than `least` says by slot."""
    found = [row.slot for row in ready(subject)]
    return [slot for slot, count in least.items() if found.count(slot) < count]


def is_waiting(subject: str, slot: str | None = None) -> bool:
    """Whether a file of a subject, or of one of its slots, is being received or checked."""
    return of(subject, slot).filter(state__in=[UploadState.RECEIVING, UploadState.CHECKING]).exists()


def readable(user: Visitor, public_id: str) -> Upload | None:
    """A file that a user may see, by the rules of its subject; else None."""
    upload = Upload.objects.filter(public_id=public_id).select_related("last_event", "file", "preview", "owner").first()
    if upload is None or not registry.may_read(user, upload.subject, upload.slot):
        return None
    return upload


def subjects_of(kind: str, *, before: dt.datetime | None = None) -> list[str]:
    """The subjects of a kind that have files, last changed before an instant if one is given."""
    rows = Upload.objects.filter(subject__startswith=f"{kind}:", state__in=SHOWN)
    if before is not None:
        rows = rows.filter(touched_at__lt=before)
    return sorted(set(rows.values_list("subject", flat=True)))


def unfinished_since(moment: dt.datetime) -> QuerySet[Upload]:
    """Unfinished files of which nothing has arrived since a moment."""
    return Upload.objects.filter(state=UploadState.RECEIVING, touched_at__lt=moment).order_by("pk")


def with_parts() -> set[str]:
    """The public ids of files whose part is needed."""
    return set(Upload.objects.filter(state__in=[UploadState.RECEIVING, UploadState.CHECKING]).values_list("public_id", flat=True))
