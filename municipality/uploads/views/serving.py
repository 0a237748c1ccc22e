"""The bytes of a file, for whoever holds a live link to it."""

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

# What a page may do with a file: show it as a picture, or go to it. Never run it, style by it, or embed it.
DESTINATIONS = frozenset({"", "empty", "image", "document"})
SITES = frozenset({"", "none", "same-origin"})
SITES_OF_A_FILE_HOST = SITES | {"same-site", "cross-site"}


@public
@never_cache
@require_safe
def file(request: HttpRequest, token: str) -> HttpResponse:
    """A file, its small picture or one of its pages. The link is the permission, and the rule of the subject is asked again.

    Raises Http404 for a link that is over, of somebody else, of a session that has ended, or to a file that is not ready.
    """
    ticket = links.read(token)
    if ticket is None or not serves_files(request) or not _is_asked_rightly(request):
        raise Http404
    viewer = links.viewer_of(request, ticket)
    upload = queries.readable(viewer, ticket.upload) if viewer else None
    if upload is None or upload.state != UploadState.READY or upload.file is None or upload.preview is None:
        raise Http404
    if viewer.is_staff and ticket.purpose != "preview":
        log_access(viewer=actor_of(viewer), person_key=upload.owner.key, subject=upload.subject, purpose="file")
    return _answer(upload, ticket)


def _answer(upload: Upload, ticket: links.Ticket) -> HttpResponse:
    if ticket.purpose == "preview":
        return _bytes(store.read(upload.preview), "image/jpeg")  # type: ignore[arg-type]
    content = store.read(upload.file)  # type: ignore[arg-type]
    if ticket.purpose == "page":
        return _bytes(content, upload.media_type) if upload.is_picture else _bytes(page_of(content, ticket.page), "image/jpeg")
    return _bytes(content, upload.media_type, file_names.download_name(upload.name, upload.media_type, upload.slot))


def page_of(pdf: bytes, number: int) -> bytes:
    """The picture that is a page of a PDF which the inspector drew, as it lies in it. Raises Http404 for a page it lacks."""
    import pikepdf

    with pikepdf.open(BytesIO(pdf)) as document:
        if not 1 <= number <= len(document.pages):
            raise Http404
        return bytes(document.pages[number - 1].obj.Resources.XObject.P.read_raw_bytes())


def _bytes(content: bytes, media_type: str, name: str = "") -> HttpResponse:
    """With a name to be kept, without one to be looked at; alone in a sandbox either way, and in no cache."""
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = (content_disposition_header(True, name) if name else None) or "inline"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "cross-origin" if settings.UPLOADS_ORIGIN else "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _is_asked_rightly(request: HttpRequest) -> bool:
    """By Fetch Metadata (W3C), where a browser sends it: from a page of ours, as a picture or by a link."""
    sites = SITES_OF_A_FILE_HOST if settings.UPLOADS_ORIGIN else SITES
    asked = request.headers
    return asked.get("Sec-Fetch-Site", "") in sites and asked.get("Sec-Fetch-Dest", "") in DESTINATIONS


def nothing(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404 of the host for files, which has no pages."""
    return HttpResponse("404", status=404, content_type="text/plain")


def broken(request: HttpRequest) -> HttpResponse:
    """500 of the host for files."""
    return HttpResponse("500", status=500, content_type="text/plain")
