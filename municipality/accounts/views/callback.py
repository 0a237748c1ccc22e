"""The callback of Mobile ID after an answer. It is not authenticated, so it only triggers polling."""

from __future__ import annotations

import json

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from municipality.accounts.access import public
from municipality.accounts.services import sign_in

BODY_LIMIT = 16 * 1024


@public
@csrf_exempt
@never_cache
@require_POST
def mobile_id_callback(request: HttpRequest) -> HttpResponse:
    """Note that a pending request has news. The answer itself is polled, never taken from here.

    The response is the same for all but a replay: a second callback of a request that is answered gets 409.
    """
    request_id = _request_id(request)
    if request_id and not sign_in.note_hint(request_id) and sign_in.is_replay(request_id):
        return JsonResponse({"status": "replayed"}, status=409)
    return JsonResponse({"status": "received"})


mobile_id_callback.reads_raw = True  # type: ignore[attr-defined]


def _request_id(request: HttpRequest) -> str:
    """`RequestDetails.RequestID` of the body, as integrators send it, or `request_id`; empty if neither is valid."""
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_LIMIT:
            return ""
        body = json.loads(request.body)
    except (ValueError, RecursionError, RequestDataTooBig, UnreadablePostError):
        return ""
    if not isinstance(body, dict):
        return ""
    details = body.get("RequestDetails")
    request_id = details.get("RequestID") if isinstance(details, dict) else body.get("request_id")
    return request_id if isinstance(request_id, str) and 0 < len(request_id) <= 100 and "\x00" not in request_id else ""
