"""Refusals of files: codes, which events store, and sentences for people."""

from __future__ import annotations

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.ui.plurals import counted
from municipality.ui.texts import Text

PIXELS = 25_000_000  # of a picture; phones write 5712 x 4284 by default

_MB = 1024 * 1024

SENTENCES: dict[str, Text] = {
    "empty": _("The file is empty. Please choose it again, or take the photo again."),
    "too_large": format_lazy(
        _("The file is larger than {mb} MB. Please send a smaller photo, or save the document again with fewer pages."),
        mb=settings.UPLOADS_MAX_BYTES // _MB,
    ),
    "type": _("This kind of file is not accepted. Please send a photo (JPEG, PNG or WebP) or a PDF document."),
    "heic": _(
        "Photos in the HEIC format cannot be read here. Please open Settings, Camera, Formats on the phone,"
        " choose “Most Compatible”, and take the photo again."
    ),
    "broken": _("The file cannot be read; it may have been damaged on the way. Please open it on your device, save it again and send it."),
    "lost": _("The file did not arrive completely. Please send it again."),
    "pixels": _("The picture has more than 25 million pixels. Please send it smaller, or take it with the phone's usual setting."),
    "frames": _("The picture is animated. Please send a still picture."),
    "metadata": _("The file contains much more than a picture. Please take a screenshot of it and send that."),
    "heavy": _("The document is too complicated to be drawn. Please print it to a PDF again, or send photos of its pages."),
    "encrypted": _("The document asks for a password. Please save it without a password and send it again."),
    "form": _("The document is a form that only some programs can show. Please print it to a PDF, or send photos of its pages."),
    "pages": format_lazy(
        _("The document has more than {pages} pages. Please send only the pages that are needed."), pages=settings.UPLOADS_MAX_PAGES
    ),
    "infected": _("The scanner found harmful software in the file. Please send a photo of the paper instead."),
    "no_room": _(
        "The portal has no room for files at the moment; its staff have been told. Nothing was kept. Please send it again in an hour."
    ),
    "unfinished": _("The file was not sent completely within a day. Please send it again."),
}


def sentence(code: str) -> Text:
    """The lazy text of a reason code."""
    return SENTENCES[code]


class FileRefused(Refused):
    """A file is not received; `status` is the HTTP status."""

    def __init__(self, code: str, text: Text = "", status: int = 409) -> None:
        super().__init__(code, text or SENTENCES[code])
        self.status = status


def too_large() -> FileRefused:
    return FileRefused("too_large", status=413)


def slot_full(max_files: int) -> FileRefused:
    if max_files == 1:
        return FileRefused("slot_full", _("There is already a file here. Please replace it, or remove it first."))
    text = _("No more than {most} can be sent here. Please remove one first.")
    return FileRefused("slot_full", format_lazy(text, most=counted(max_files, "file")))


def day_is_full() -> FileRefused:
    text = format_lazy(
        _("In one day at most {files} files and {mb} MB can be sent. Please continue tomorrow; what you have sent is kept."),
        files=settings.UPLOADS_DAILY_FILES,
        mb=settings.UPLOADS_DAILY_BYTES // _MB,
    )
    return FileRefused("day_is_full", text, status=429)


def seconds_to_midnight() -> int:
    """Seconds until the next day in Kuwait."""
    now = clock.now().astimezone(clock.KUWAIT)
    return 86_400 - (now.hour * 3600 + now.minute * 60 + now.second)


def files_waiting() -> FileRefused:
    return FileRefused("files_waiting", _("A file is still being checked. Please wait a minute, then continue."))


def locked() -> FileRefused:
    return FileRefused("locked", _("Files here cannot be changed now."), status=403)
