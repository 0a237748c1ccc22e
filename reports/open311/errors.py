"""Errors as documents of GeoReport, in the format that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from municipality.kernel.errors import Refused
from municipality.ui.texts import Text
from reports.open311 import formats

PREFIX = "/open311/"
# The statuses that GeoReport knows, and those of HTTP by which a client waits or is told how to ask; all else is 400.
_STATUSES = {403, 404, 405, 413, 429, 500, 503, 507}


class BadRequest(Refused):
    """Parameters that cannot be used, a sentence for each."""

    status = 400

    def __init__(self, *sentences: Text) -> None:
        super().__init__("bad_request", " ".join(map(str, sentences)))
        self.sentences = sentences


class Unknown(Refused):
    """Nothing has this code or number."""

    status = 404

    def __init__(self, sentence: Text) -> None:
        super().__init__("not_found", sentence)


def document(request: HttpRequest, status: int, sentences: Sequence[Text]) -> HttpResponse:
    """The errors with a status of HTTP."""
    status = status if status in _STATUSES else 400
    form = formats.form_of(request.path_info)
    content = [{"code": str(status), "description": str(sentence)} for sentence in sentences]
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store", "Content-Language": get_language() or "ar"}
    return HttpResponse(formats.render(form, "errors", content), formats.TYPES[form], status, headers=headers)


def of_refusal(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """The answer to a refusal."""
    sentences = refusal.sentences if isinstance(refusal, BadRequest) else [refusal.sentence]
    answer = document(request, refusal.status, sentences)
    if refusal.status == 429:
        answer["Retry-After"] = str(refusal.facts.get("retry_after", 3600))
    return answer


def of_portal(request: HttpRequest, status: int, detail: Text) -> HttpResponse:
    """What the portal refuses before a view of this package is asked, and its own errors."""
    return document(request, status, [detail])
