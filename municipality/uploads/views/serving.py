"""Serves files by their links (`links`)."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.models import actor_of
from municipality.audit.services import log_access
from municipality.documents import store
from municipality.uploads import file_names, links, queries
from municipality.uploads.models import Upload
from municipality.uploads.origin import serves_files
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
    if viewer.is_staff and ticket.purpose != "preview":
        log_access(viewer=actor_of(viewer), person_key=upload.owner.key, subject=upload.subject, purpose="file")
    return _file_response(upload, ticket)


def _file_response(upload: Upload, ticket: links.Ticket) -> HttpResponse:
    if ticket.purpose == "preview":
        return _response(store.read(upload.preview), "image/jpeg")  # type: ignore[arg-type]
    content = store.read(upload.file)  # type: ignore[arg-type]
    if ticket.purpose == "page":
        return _response(content, upload.media_type) if upload.is_picture else _response(page_of(content, ticket.page), "image/jpeg")
    return _response(content, upload.media_type, file_names.download_name(upload.name, upload.media_type, upload.slot))


def page_of(pdf: bytes, number: int) -> bytes:
    """The picture of a page of a PDF that the inspector wrote. Raises Http404 for a page it lacks."""
    import pikepdf

    with pikepdf.open(BytesIO(pdf)) as document:
        if not 1 <= number <= len(document.pages):
            raise Http404
        return bytes(document.pages[number - 1].obj.Resources.XObject.P.read_raw_bytes())


def preview_response(upload: Upload) -> HttpResponse:
    """The preview of an upload that its service made public: a JPEG without metadata, shown inline. Raises Http404 without one."""
    if upload.preview is None:
        raise Http404
    return _response(store.read(upload.preview), "image/jpeg")


def _response(content: bytes, media_type: str, name: str = "") -> HttpResponse:
    """A download with a name, inline without one; sandboxed and not cached."""
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = (content_disposition_header(True, name) if name else None) or "inline"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "cross-origin" if settings.UPLOADS_ORIGIN else "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response


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
