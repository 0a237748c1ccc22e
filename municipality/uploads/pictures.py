"""Responses that carry a file, and the public picture of an upload."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

from municipality.documents import store
from municipality.uploads.models import Upload


def response_of(content: bytes, media_type: str, name: str = "") -> HttpResponse:
    """A download with a name, inline without one; sandboxed and not cached."""
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = (content_disposition_header(True, name) if name else None) or "inline"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "cross-origin" if settings.UPLOADS_ORIGIN else "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def preview_response(upload: Upload) -> HttpResponse:
    """The preview of an upload that its service made public: a JPEG without metadata, shown inline. Raises Http404 without one."""
    if upload.preview is None:
        raise Http404
    return response_of(store.read(upload.preview), "image/jpeg")
