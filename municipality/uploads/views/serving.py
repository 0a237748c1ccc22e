"""Serves files by their links (`links`)."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.models import actor_of
from municipality.audit.services import log_access
from municipality.documents import store
from municipality.uploads import file_names, links, queries
from municipality.uploads.models import Upload
from municipality.uploads.origin import serves_files
from municipality.uploads.pictures import response_of
from municipality.uploads.states import UploadState

# Values of Sec-Fetch-Dest: a file may be shown as a picture or navigated to, not run or embedded.
DESTINATIONS = frozenset({"", "empty", "image", "document"})
SITES = frozenset({"", "none", "same-origin"})
SITES_OF_A_FILE_HOST = SITES | {"same-site", "cross-site"}


@public
@never_cache
@require_safe
def file(request: HttpRequest, token: str) -> HttpResponse:
    """A file, its preview or one of its pages, by a link; the rules of its subject are checked again.

    Raises Http404 for an expired link, another person's, one of an ended session, and for a file that is not ready.
    """
    ticket = links.read(token)
    if ticket is None or not serves_files(request) or not _is_allowed_fetch(request):
        raise Http404
    viewer = links.viewer_of(request, ticket)
    upload = queries.readable(viewer, ticket.upload) if viewer else None
    if upload is None or upload.state != UploadState.READY or upload.file is None or upload.preview is None:
        raise Http404
    if viewer.is_staff and ticket.purpose != "preview" and upload.owner is not None:
        log_access(viewer=actor_of(viewer), person_key=upload.owner.key, subject=upload.subject, purpose="file")
    return _file_response(upload, ticket)


def _file_response(upload: Upload, ticket: links.Ticket) -> HttpResponse:
    if ticket.purpose == "preview":
        return response_of(store.read(upload.preview), "image/jpeg")  # type: ignore[arg-type]
    content = store.read(upload.file)  # type: ignore[arg-type]
    if ticket.purpose == "page":
        return response_of(content, upload.media_type) if upload.is_picture else response_of(page_of(content, ticket.page), "image/jpeg")
    return response_of(content, upload.media_type, file_names.download_name(upload.name, upload.media_type, upload.slot))


def page_of(pdf: bytes, number: int) -> bytes:
    """The picture of a page of a PDF that the inspector wrote. Raises Http404 for a page it lacks."""
    import pikepdf

    with pikepdf.open(BytesIO(pdf)) as document:
        if not 1 <= number <= len(document.pages):
            raise Http404
        return bytes(document.pages[number - 1].obj.Resources.XObject.P.read_raw_bytes())


def _is_allowed_fetch(request: HttpRequest) -> bool:
    """Whether Fetch Metadata (W3C), where the browser sends it, allows the request."""
    sites = SITES_OF_A_FILE_HOST if settings.UPLOADS_ORIGIN else SITES
    headers = request.headers
    return headers.get("Sec-Fetch-Site", "") in sites and headers.get("Sec-Fetch-Dest", "") in DESTINATIONS


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404 of the host for files, which has no pages."""
    return HttpResponse("404", status=404, content_type="text/plain")


def server_error(request: HttpRequest) -> HttpResponse:
    """500 of the host for files."""
    return HttpResponse("500", status=500, content_type="text/plain")
