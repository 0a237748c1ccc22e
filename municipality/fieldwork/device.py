"""What a device without a line asks of the portal: to take an entry of its queue, and the service worker that keeps its form.

The contract of the address that `static/js/fieldwork.js` sends to (POST, multipart, the fields of a `forms.VisitForm`, the CSRF token):

====  ==========================================================================================================================
201   the visit is kept; JSON `reference`, `url` (its page) and `refused` (sentences about photos that were not taken)
200   the same answer: the visit was known by its key, which a device sends that missed the first answer
400   facts that do not fit: `code`, `sentence` and `fields` (sentences by field)
403   `code` and `sentence`: the sender may not
409   `code` and `sentence`: a conflict with what the portal has
507   no room for the photos: the visit stands, and the device sends both again
====  ==========================================================================================================================

The device drops an entry after 200 or 201 only. After 400, 403 or 409 it keeps it with the sentence until its person decides; after
anything else (no answer, a redirect to the sign-in, 5xx) it sends it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from municipality.fieldwork.forms import VisitForm
from municipality.kernel.errors import Refused

F = TypeVar("F", bound=VisitForm)


@dataclass(frozen=True)
class Taken:
    """What became of a visit: `url` is its page, `refused` the sentences about photos that were not taken."""

    reference: str
    url: str
    is_new: bool
    refused: Sequence[Any] = ()


def answer(form: F, take: Callable[[F], Taken]) -> JsonResponse:
    """Answer one entry of a device's queue by the contract; `take` is called with a valid form and may raise Refused."""
    if not form.is_valid():
        fields = {name: [str(error) for error in errors] for name, errors in form.errors.items()}
        sentence = " ".join(problem for problems in fields.values() for problem in problems)
        return JsonResponse({"code": "bad_facts", "sentence": sentence, "fields": fields}, status=400)
    try:
        taken = take(form)
    except Refused as refusal:
        return refused(refusal)
    told = {"reference": taken.reference, "url": taken.url, "refused": [str(sentence) for sentence in taken.refused]}
    return JsonResponse(told, status=201 if taken.is_new else 200)


def refused(refusal: Refused) -> JsonResponse:
    return JsonResponse({"code": refusal.code, "sentence": str(refusal.sentence)}, status=refusal.status)


def worker(request: HttpRequest, *, form_url: str) -> HttpResponse:
    """The service worker that keeps the page `form_url` at hand without a line. Its scope is the folder of its own address."""
    script = render_to_string("fieldwork/worker.js", {"form_url": form_url, "static_url": settings.STATIC_URL}, request=request)
    return HttpResponse(script, content_type="text/javascript")
