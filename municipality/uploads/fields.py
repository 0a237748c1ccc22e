"""Template data of slots and files, for `components/upload_field.html` and `components/upload_list.html`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.ui.plurals import counted
from municipality.ui.texts import Text
from municipality.uploads import links, queries, refusals, registry
from municipality.uploads.models import Upload
from municipality.uploads.states import LIVE, UploadState

ACCEPT = "image/jpeg,image/png,image/webp,application/pdf"
ACCEPT_PHOTO = "image/jpeg,image/png,image/webp"
_TAGS = {UploadState.RECEIVING: "wait", UploadState.CHECKING: "wait", UploadState.READY: "ok", UploadState.REFUSED: "bad"}


@dataclass(frozen=True)
class UploadLine:
    """One file of a list. URLs are empty where the action is not available."""

    upload: Upload
    tag: str
    label: Text
    sentence: Text
    size: str
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
        """Whether a file is still being received or checked."""
        return any(line.is_checking or line.is_receiving for line in self.lines)

    @property
    def limits(self) -> Text:
        """The limits of the slot as a sentence."""
        mb = settings.UPLOADS_MAX_BYTES // (1024 * 1024)
        one = _("A photo or a PDF document, up to {mb} MB.")
        many = _("Photos or PDF documents, up to {mb} MB each, at most {most}.")
        return format_lazy(many if self.is_multiple else one, mb=mb, most=counted(self.slot.most, "file"))

    @property
    def max_bytes(self) -> int:
        return int(settings.UPLOADS_MAX_BYTES)

    @property
    def too_large(self) -> Text:
        return refusals.sentence("too_large")


def field_of(request: AuthenticatedHttpRequest, subject: str, slot_code: str, *, next_path: str = "") -> Field:
    """The slot of a subject for a page that has checked `registry.may_read`.

    `next_path` is where the form redirects to without JavaScript (default: the page of the slot). Raises LookupError for an unknown
    slot.
    """
    return _field(request, subject, slot_code, list(queries.of(subject, slot_code)), next_path)


def fields_of(request: AuthenticatedHttpRequest, subject: str, slot_codes: Iterable[str], *, next_path: str = "") -> list[Field]:
    """Several slots of a subject, as `field_of` gives each; their files are read together."""
    rows = list(queries.of(subject))
    return [_field(request, subject, code, [row for row in rows if row.slot == code], next_path) for code in slot_codes]


def _field(request: AuthenticatedHttpRequest, subject: str, slot_code: str, rows: list[Upload], next_path: str) -> Field:
    slot = registry.slot_of(subject, slot_code)
    if slot is None:
        raise LookupError(slot_code)
    may_write = registry.may_write(request.user, subject, slot_code)
    query = f"?{urlencode({'next': next_path})}" if next_path else ""
    held = registry.held(subject) if may_write and rows else ()
    return Field(
        slot=slot,
        subject=subject,
        lines=[_line(request, row, may_write, query, is_held=row.pk in held) for row in rows],
        may_write=may_write,
        is_full=sum(row.state in LIVE for row in rows) >= slot.most,
        post_url=reverse("uploads:slot", args=[subject, slot_code]) + query,
        create_url=reverse("uploads:create", args=[subject, slot_code]),
        list_url=reverse("uploads:list", args=[subject, slot_code]) + query,
        next_path=next_path,
    )


def lines_of(request: AuthenticatedHttpRequest, subject: str, slot_code: str | None = None) -> list[UploadLine]:
    """The files of a subject, read-only, for a page that has checked `registry.may_read`."""
    return [_line(request, row, False, "") for row in queries.of(subject, slot_code)]


def _line(request: AuthenticatedHttpRequest, row: Upload, may_write: bool, query: str, *, is_held: bool = False) -> UploadLine:
    ready = row.state == UploadState.READY

    def url(name: str) -> str:
        return reverse(f"uploads:{name}", args=[row.public_id])

    return UploadLine(
        upload=row,
        tag=_TAGS[UploadState(row.state)],
        label=UploadState(row.state).label,
        sentence=refusals.sentence(row.reason) if row.reason else "",
        size=size_text(row.size),
        preview_url=links.link(row, request.user, request.session, purpose="preview") if ready else "",
        open_url=url("look") if ready else "",
        save_url=url("save") if ready else "",
        remove_url=url("remove") + query if may_write and not is_held else "",
        replace_url=url("replace") + query if may_write and not is_held and ready else "",
        resource_url=url("resource") if may_write and row.state == UploadState.RECEIVING else "",
    )


def size_text(size: int) -> str:
    """`3.4 MB`, `820 kB`, in the active language."""
    if size >= 1024 * 1024:
        return str(_("%(number)s MB") % {"number": f"{size / 1024 / 1024:.1f}"})
    return str(_("%(number)s kB") % {"number": max(1, round(size / 1024))})
