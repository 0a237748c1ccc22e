"""Photos of reports that are being written, and the public copies of those that were sent."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import take_attempt
from municipality.documents import store
from municipality.fieldwork import device
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.uploads.pictures import response_of
from municipality.uploads.states import UploadState
from reports.photos import queries
from reports.photos import services as photos

PHOTOS, HOUR = 120, 3600  # photos of one address in an hour


@public
@never_cache  # it can be hidden at any time
@require_safe
def photo(request: HttpRequest, public_id: str) -> HttpResponse:
    """The copy that everybody sees. Raises Http404 for one that is not shown, and for every photo of a hidden report."""
    row = get_object_or_404(queries.public_photos(), public_id=public_id)
    assert row.copy is not None  # noqa: S101 - the query
    return response_of(store.read(row.copy), row.copy.media_type)


@public
@never_cache
@require_POST
def hold(request: HttpRequest) -> JsonResponse:
    """Keep a photo under the `key` of a report that is not sent yet, or `remove` one by its id; `photo_at` is its time by the device.

    200 and 201 give `id` and, where the camera wrote them into it, `captured_at`, `latitude` and `longitude`; 400, 403, 409 and 413 `code`
    and `sentence`: this photo is not taken. After anything else (429, 503, 507) it is sent again.
    """
    if not take_attempt(request, "report_photos", limit=PHOTOS, seconds=HOUR):
        return JsonResponse({"code": "too_many"}, status=429, headers={"Retry-After": str(HOUR)})
    if "remove" in request.POST:
        photos.drop_held(request.POST.get("key", "").lower()[:36], request.POST["remove"][:26])
        return JsonResponse({})
    file: Any = request.FILES.get("photo")
    if not isinstance(file, UploadedFile):
        return device.refusal_response(photos.no_file())
    key = request.POST.get("key", "").lower()
    known = {row.pk for row in photos.held(key)}
    try:
        held = photos.hold(key, file, device.with_times(request, "photo", clock.now())[0][1])
    except Refused as refusal:
        return device.refusal_response(refusal)
    if held.upload.state == UploadState.REFUSED:
        return device.refusal_response(photos.refusal_of(held))
    facts = {"captured_at": held.captured_at, "latitude": held.latitude, "longitude": held.longitude}
    return JsonResponse({"id": held.upload.public_id, **facts}, status=200 if held.pk in known else 201)
