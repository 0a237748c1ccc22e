"""What the templates show of a slot and of files: `components/upload_field.html` and `components/upload_list.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from municipality.uploads import links, queries, refusals, registry
from municipality.uploads.models import Upload
from municipality.uploads.states import LIVE, UploadState

ACCEPT = "image/jpeg,image/png,image/webp,application/pdf"
ACCEPT_PHOTO = "image/jpeg,image/png,image/webp"
_TAGS = {UploadState.RECEIVING: "wait", UploadState.CHECKING: "wait", UploadState.READY: "ok", UploadState.REFUSED: "bad"}


@dataclass(frozen=True)
class UploadLine:
    """One file as it is listed. Addresses are empty where there is nothing to do."""

    upload: Upload
    tag: str
    label: Any
    sentence: Any
    size: Any
    preview_url: str
    open_url: str
    save_url: str
    remove_url: str
    replace_url: str
    resource_url: str

    @property
    def is_receiving(self) -> bool:
        return self.upload.state == UploadState.RECEIVING

    @property
    def is_checking(self) -> bool:
        return self.upload.state == UploadState.CHECKING


@dataclass(frozen=True)
class Field:
    """One slot with its files."""

    slot: registry.Slot
    subject: str
    lines: list[UploadLine]
    may_write: bool
    is_full: bool
    post_url: str
    create_url: str
    list_url: str
    next_path: str

    accept = ACCEPT
    accept_photo = ACCEPT_PHOTO

    @property
    def id(self) -> str:
        return f"upload-{self.slot.code}"

    @property
    def files_name(self) -> str:
        """Name of the control for files in a form."""
        return f"files-{self.slot.code}"

    @property
    def photo_name(self) -> str:
        """Name of the control for the camera."""
        return f"photo-{self.slot.code}"

    @property
    def is_multiple(self) -> bool:
        return self.slot.most > 1

    @property
    def is_waiting(self) -> bool:
        return any(line.is_checking for line in self.lines)

    @property
    def is_on_the_way(self) -> bool:
        """Whether a file has not wholly arrived, or is still being looked at."""
        return any(line.is_checking or line.is_receiving for line in self.lines)

    @property
    def limits(self) -> Any:
        """How much fits, as a sentence."""
        mb = settings.UPLOADS_MAX_BYTES // (1024 * 1024)
        one = _("A photo or a PDF document, up to {mb} MB.")
        many = _("Photos or PDF documents, up to {mb} MB each, at most {most} files.")
        return format_lazy(many if self.is_multiple else one, mb=mb, most=self.slot.most)

    @property
    def max_bytes(self) -> int:
        return int(settings.UPLOADS_MAX_BYTES)

    @property
    def too_large(self) -> Any:
        return refusals.sentence("too_large")


def field_of(request: HttpRequest, subject: str, slot_code: str, *, next_path: str = "") -> Field:
    """The slot of a subject for the page of `request`, which has asked `registry.may_read` already.

    `next_path` is where a form without JavaScript comes back to (the slot's own page, if left out). Raises LookupError
    for a slot that the subject lacks.
    """
    slot = registry.slot_of(subject, slot_code)
    if slot is None:
        raise LookupError(slot_code)
    may_write = registry.may_write(request.user, subject, slot_code)
    rows = list(queries.of(subject, slot_code))
    query = f"?{urlencode({'next': next_path})}" if next_path else ""
    return Field(
        slot=slot,
        subject=subject,
        lines=[_line(request, row, may_write, query) for row in rows],
        may_write=may_write,
        is_full=sum(row.state in LIVE for row in rows) >= slot.most,
        post_url=reverse("uploads:slot", args=[subject, slot_code]) + query,
        create_url=reverse("uploads:create", args=[subject, slot_code]),
        list_url=reverse("uploads:list", args=[subject, slot_code]) + query,
        next_path=next_path,
    )


def lines_of(request: HttpRequest, subject: str, slot_code: str | None = None) -> list[UploadLine]:
    """The files of a subject to look at, for a page that has asked `registry.may_read`: of the officer's desk, say."""
    return [_line(request, row, False, "") for row in queries.of(subject, slot_code)]


def _line(request: HttpRequest, row: Upload, may_write: bool, query: str) -> UploadLine:
    ready = row.state == UploadState.READY

    def here(name: str) -> str:
        return reverse(f"uploads:{name}", args=[row.public_id])

    return UploadLine(
        upload=row,
        tag=_TAGS[UploadState(row.state)],
        label=UploadState(row.state).label,
        sentence=refusals.sentence(row.reason) if row.reason else "",
        size=size_text(row.size),
        preview_url=links.link(row, request.user, request.session, purpose="preview") if ready else "",
        open_url=here("look") if ready else "",
        save_url=here("save") if ready else "",
        remove_url=here("remove") + query if may_write else "",
        replace_url=here("replace") + query if may_write and ready else "",
        resource_url=here("resource") if may_write and row.state == UploadState.RECEIVING else "",
    )


def size_text(size: int) -> str:
    """`3.4 MB`, `820 kB`: as people read it in both languages."""
    if size >= 1024 * 1024:
        return str(_("%(number)s MB") % {"number": f"{size / 1024 / 1024:.1f}"})
    return str(_("%(number)s kB") % {"number": max(1, round(size / 1024))})
