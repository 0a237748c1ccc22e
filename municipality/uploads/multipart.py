"""Limits the size of files in forms."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest


class CappedUploadHandler(FileUploadHandler):
    """The first upload handler: drops all files of a request above UPLOADS_MAX_REQUEST, and the rest of a file above UPLOADS_MAX_BYTES.

    A file that is too large is cut slightly above UPLOADS_MAX_BYTES, so that its size shows it.
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


def is_too_large(request: HttpRequest) -> bool:
    """Whether a request is larger than UPLOADS_MAX_REQUEST."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not length.isdigit() or int(length) > settings.UPLOADS_MAX_REQUEST
