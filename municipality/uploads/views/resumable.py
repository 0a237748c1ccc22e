"""Resumable uploads: the tus protocol 1.0.0 (tus.io/protocols/resumable-upload) with creation, checksum, termination.

Pieces have at most 512 kB. Session and CSRF token protect it like a form; the body of a refusal is a sentence to show.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.http import require_http_methods

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused, TransitionRefused
from municipality.uploads import parts, queries, refusals, registry, services
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState

VERSION = "1.0.0"
PIECE = 512 * 1024  # bytes; below the limit of a request's body
ALGORITHMS = ("sha256", "sha1")
OTHER_VERSION, CHECKSUM_MISMATCH, LOCKED = 412, 460, 423


@access("any")
@require_http_methods(["POST"])
def create(request: AuthenticatedHttpRequest, subject: str, slot: str) -> HttpResponse:
    """Creation: Upload-Length and Upload-Metadata (filename, fingerprint, replaces) → 201 with Location. Raises Http404 for another's."""
    if not registry.may_read(request.user, subject, slot) or registry.slot_of(subject, slot) is None:
        raise Http404
    if not _supports_version(request):
        return _reply(OTHER_VERSION)
    length = request.headers.get("Upload-Length", "")
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        return _reply(400)
    fields = metadata(request.headers.get("Upload-Metadata", ""))
    replaces = queries.readable(request.user, fields["replaces"]) if fields.get("replaces") else None
    try:
        upload = services.begin(
            owner=request.user,
            subject=subject,
            slot=slot,
            name=fields.get("filename", ""),
            size=int(length),
            fingerprint=fields.get("fingerprint", "")[:64],
            replaces=replaces,
        )
    except Refused as refusal:
        return _refusal(refusal)
    response = _reply(201, upload)
    response["Location"] = reverse("uploads:resource", args=[upload.public_id])
    return response


@access("any")
@require_http_methods(["HEAD", "PATCH", "DELETE"])
def resource(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """HEAD: how much has arrived. PATCH: the next piece. DELETE: remove the file. Raises Http404 for another's."""
    upload = queries.readable(request.user, public_id)
    if upload is None or not registry.may_write(request.user, upload.subject, upload.slot) or upload.state == UploadState.REMOVED:
        raise Http404
    if not _supports_version(request):
        return _reply(OTHER_VERSION)
    if request.method == "HEAD":
        return _reply(200, upload)
    if request.method == "DELETE":
        try:
            services.remove(upload, user=request.user)
        except TransitionRefused:
            raise Http404 from None
        except Refused as refusal:
            return _refusal(refusal)
        return _reply(204)
    return _append_piece(request, upload)


def _append_piece(request: HttpRequest, upload: Upload) -> HttpResponse:
    if request.content_type != "application/offset+octet-stream":
        return _reply(415, upload)
    offset, length = request.headers.get("Upload-Offset", ""), request.META.get("CONTENT_LENGTH") or "0"
    if not (offset.isascii() and offset.isdigit() and len(offset) < 16) or not length.isdigit():
        return _reply(400, upload)
    if int(length) > PIECE:
        return _reply(413, upload)
    content = request.read(PIECE + 1)
    if len(content) != int(length):  # the connection was cut: store what arrived, the sender continues after it
        content = content[: int(length)] if not request.headers.get("Upload-Checksum") else b""
    problem = checksum_problem(request.headers.get("Upload-Checksum"), content) if content else 0
    if problem:
        return _reply(problem, upload)
    try:
        services.append(upload, offset=int(offset), content=content)
    except services.OffsetDiffers:
        return _reply(409, upload)
    except parts.PartBusy:
        return _reply(LOCKED, upload)
    except ValueError:
        return _reply(413, upload)
    except Refused as refusal:
        return _refusal(refusal)
    return _reply(204, upload)


def metadata(header: str) -> dict[str, str]:
    """Upload-Metadata: comma-separated pairs of a key and a base64 value; invalid ones are skipped."""
    fields = {}
    for pair in header.split(",")[:10]:
        key, _space, value = pair.strip().partition(" ")
        try:
            fields[key] = base64.b64decode(value, validate=True).decode("utf8", "replace").replace("\x00", "\ufffd")
        except (binascii.Error, ValueError):
            continue
    return fields


def checksum_problem(header: str | None, content: bytes) -> int:
    """The status for a wrong Upload-Checksum: 0 for none or a match, 400 for an unknown algorithm, 460 for a mismatch."""
    if header is None:
        return 0
    algorithm, _space, expected = header.partition(" ")
    if algorithm not in ALGORITHMS:
        return 400
    actual = base64.b64encode(hashlib.new(algorithm, content, usedforsecurity=False).digest()).decode()
    return 0 if hmac.compare_digest(actual, expected.strip()) else CHECKSUM_MISMATCH


def _supports_version(request: HttpRequest) -> bool:
    return request.headers.get("Tus-Resumable") == VERSION


def _reply(status: int, upload: Upload | None = None) -> HttpResponse:
    response = HttpResponse(status=status, content_type="text/plain; charset=utf-8")
    response["Tus-Resumable"] = VERSION
    if status == OTHER_VERSION:
        response["Tus-Version"] = VERSION
    if upload is not None:
        response["Upload-Offset"], response["Upload-Length"] = str(upload.received), str(upload.size)
        response["Tus-Max-Size"] = str(settings.UPLOADS_MAX_BYTES)
        if upload.state == UploadState.RECEIVING:
            response["Upload-Expires"] = http_date((upload.touched_at + dt.timedelta(hours=24)).timestamp())
    return response


def _refusal(refusal: Refused) -> HttpResponse:
    response = _reply(refusal.status)
    response.content = str(refusal.sentence).encode()
    if refusal.status == 429:
        response["Retry-After"] = str(refusals.seconds_to_midnight())
    return response
