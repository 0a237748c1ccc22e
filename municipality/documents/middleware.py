"""Error pages and alarms for a full disk and for a damaged file."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from municipality.documents import alarms
from municipality.documents.store import Damaged
from municipality.ui import errors


class StoreMiddleware:
    """Answers 507 where the disk is full and 503 where a stored file is damaged. The view's transaction was rolled back before."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Damaged):
            alarms.file_damaged(exception.sha256)
            return errors.file_damaged(request)
        if alarms.is_disk_full(exception):
            alarms.disk_full()
            return errors.disk_full(request)
        return None
