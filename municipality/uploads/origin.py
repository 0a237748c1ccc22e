"""A separate host for files (setting UPLOADS_ORIGIN), which serves nothing else."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

URLS = "municipality.uploads.file_urls"
PATH = "/files/"


class FileOriginMiddleware:
    """The first middleware: the host for files has neither sessions nor pages. Does nothing without UPLOADS_ORIGIN."""

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
    """Whether the host of a request serves files."""
    return not settings.UPLOADS_ORIGIN or is_file_host(request)
