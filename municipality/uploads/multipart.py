"""Limits the size of files in forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.urls import Resolver404, resolve

View = Callable[..., Any]


def takes_file_of(largest: int | Callable[..., int]) -> Callable[[View], View]:
    """Decorator: staff may send this view a file of `largest` bytes, or of what it returns for the arguments of the URL.

    The view refuses what is larger; anybody else's file is cut as everywhere.
    """

    def mark(view: View) -> View:
        view.largest_file = largest  # type: ignore[attr-defined]
        return view

    return mark


def _largest_file(request: HttpRequest) -> int:
    """The bytes of `takes_file_of`; 0 for views without it, and for whoever is not signed in as staff."""
    user: Any = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_staff:
        return 0
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return 0
    largest = getattr(match.func, "largest_file", 0)
    return int(largest(**match.kwargs) if callable(largest) else largest)


class CappedUploadHandler(FileUploadHandler):
    """The first upload handler: drops all files of a request above UPLOADS_MAX_REQUEST, and the rest of a file above UPLOADS_MAX_BYTES.

    A file that is too large is cut slightly above UPLOADS_MAX_BYTES, so that its size shows it. Sheets and plots that staff load are
    larger (`takes_file_of`).
    """

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None) -> None:
        own = _largest_file(self.request) if self.request is not None else 0
        self.largest = max(own, settings.UPLOADS_MAX_BYTES)
        self.drops = not own and content_length > settings.UPLOADS_MAX_REQUEST

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.taken = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if self.drops or self.taken > self.largest:
            return None
        self.taken += len(raw_data)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def is_too_large(request: HttpRequest) -> bool:
    """Whether a request is larger than UPLOADS_MAX_REQUEST."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not length.isdigit() or int(length) > settings.UPLOADS_MAX_REQUEST
