"""Files from a host of their own (setting UPLOADS_ORIGIN): that host serves files and nothing else, and no other serves files."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

URLS = "municipality.uploads.file_urls"
PATH = "/files/"


class FileOriginMiddleware:
    """Stands first, so that the file host has neither sessions nor pages. Without the setting it does nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_file_host(request):
            if not request.path_info.startswith(PATH):
                return HttpResponse("404", status=404, content_type="text/plain")
            request.urlconf = URLS  # type: ignore[attr-defined]
            request.COOKIES.clear()
            response = self.get_response(request)
            response.cookies.clear()
            return response
        return self.get_response(request)


def is_file_host(request: HttpRequest) -> bool:
    return bool(settings.UPLOADS_ORIGIN) and request.get_host() == urlsplit(settings.UPLOADS_ORIGIN).netloc


def serves_files(request: HttpRequest) -> bool:
    """Whether files are served at the host of a request."""
    return not settings.UPLOADS_ORIGIN or is_file_host(request)
