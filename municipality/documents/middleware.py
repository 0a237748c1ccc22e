"""A full disk and a damaged file told as pages, with an alarm for staff."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from municipality.documents import alarms
from municipality.documents.store import Damaged
from municipality.ui import errors


class StoreMiddleware:
    """507 where the disk had no room, 503 where a kept file cannot be given out. What the view began was rolled back before this."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Damaged):
            alarms.damaged(exception.sha256)
            return errors.damaged(request)
        if alarms.is_full(exception):
            alarms.no_room()
            return errors.no_room(request)
        return None
