"""A form's files are read no further than the limit of one file, and not at all when the whole request is too large."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler


class CappedUploadHandler(FileUploadHandler):
    """Stands first: what it does not pass on reaches neither memory nor disk.

    A file that is too large ends a little above UPLOADS_MAX_BYTES, so that its size alone tells it from a whole one.
    """

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None) -> None:
        self.drops = content_length > settings.UPLOADS_MAX_REQUEST

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.taken = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if self.drops or self.taken > settings.UPLOADS_MAX_BYTES:
            return None
        self.taken += len(raw_data)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def is_too_large(request: Any) -> bool:
    """Whether a request carries more than one form may send."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not length.isdigit() or int(length) > settings.UPLOADS_MAX_REQUEST
