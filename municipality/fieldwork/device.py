"""The offline queue of a device: receiving its entries, and the service worker that caches its form.

The contract of the address that `static/js/fieldwork.js` sends to (POST, multipart, the fields of a `forms.VisitForm`, the CSRF token):

====  ==========================================================================================================================
201   the visit is saved; JSON `reference`, `url` (its page) and `refused` (sentences about photos that were refused)
200   the same answer: a visit with this key was received before (the device missed the first answer)
400   invalid data: `code`, `sentence` and `fields` (sentences by field)
403   `code` and `sentence`: the sender is not permitted
409   `code` and `sentence`: a conflict with stored data; with the code `confirm` no conflict, see below
413   `code` and `sentence`, or neither from in front of the portal: too large
507   no room for the photos: the visit is saved, and the device sends both again
====  ==========================================================================================================================

The device deletes an entry after 200 or 201 only. After 400, 403, 409 or 413 it shows the sentence and lets the user decide; after
anything else (no answer, a redirect to the sign-in page, 5xx) it sends it again.

A service may want each entry confirmed (`services.ConfirmationNeeded`, 409 with the code `confirm`; nothing is saved). It has a second
address, to which the device sends an entry before it sends the entry itself, with `photos_taken=1` for each of its `photos`
(so of every field of files) in their place. The HTML may hold ticks: the device records nothing until those that are `required` are set.

====  ==========================================================================================================================
200   `html`: what would be recorded, for its person to read; `confirmed`: the value to send in the field `confirmed` once they agree
400   as above
403   as above, and 409: it cannot be recorded; with `html`, where there is more to say than the sentence
====  ==========================================================================================================================
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.ui.texts import Text

F = TypeVar("F", bound=forms.BaseForm)


@dataclass(frozen=True)
class ReceivedVisit:
    """A visit that was received: `url` is its page, `refused` the sentences about photos that were refused."""

    reference: str
    url: str
    is_new: bool
    refused: Sequence[Text] = ()


def respond(form: F, receive: Callable[[F], ReceivedVisit]) -> JsonResponse:
    """Answer one entry of a device's queue; `receive` is called with a valid form and may raise Refused."""
    if not form.is_valid():
        return _bad_facts(form)
    try:
        visit = receive(form)
    except Refused as refusal:
        return refusal_response(refusal)
    body = {"reference": visit.reference, "url": visit.url, "refused": [str(sentence) for sentence in visit.refused]}
    return JsonResponse(body, status=201 if visit.is_new else 200)


@dataclass(frozen=True)
class VisitCheck:
    """What would be recorded, as HTML, and the value that confirms it; or the refusal for which it cannot be."""

    html: str
    confirmed: str = ""
    refusal: Refused | None = None


def respond_check(form: F, check: Callable[[F], VisitCheck]) -> JsonResponse:
    """Answer what would be recorded for an entry; `check` is called with a valid form and saves nothing."""
    if not form.is_valid():
        return _bad_facts(form)
    found = check(form)
    if found.refusal is not None:
        return refusal_response(found.refusal, html=found.html)
    return JsonResponse({"html": found.html, "confirmed": found.confirmed})


def _bad_facts(form: forms.BaseForm) -> JsonResponse:
    fields = {name: [str(error) for error in errors] for name, errors in form.errors.items()}
    sentence = " ".join(problem for problems in fields.values() for problem in problems)
    return JsonResponse({"code": "bad_facts", "sentence": sentence, "fields": fields}, status=400)


def refusal_response(refusal: Refused, **more: str) -> JsonResponse:
    return JsonResponse({"code": refusal.code, "sentence": str(refusal.sentence), **more}, status=refusal.status)


def service_worker(request: HttpRequest, *, form_url: str, more_urls: Sequence[str] = ()) -> HttpResponse:
    """The service worker that caches the page `form_url` for use offline, and `more_urls`. Its scope is the folder of its own address."""
    context = {"form_url": form_url, "more_urls": more_urls, "static_url": settings.STATIC_URL}
    script = render_to_string("fieldwork/worker.js", context, request=request)
    return HttpResponse(script, content_type="text/javascript")


def with_times(request: HttpRequest, field: str, visited_at: dt.datetime) -> list[tuple[UploadedFile, dt.datetime]]:
    """The files of a field, each with the time that the device gives it (`<field>_at`); that of the visit where it gives none."""
    files, times = request.FILES.getlist(field), request.POST.getlist(f"{field}_at")
    if len(times) != len(files):
        return [(file, visited_at) for file in files]
    return [(file, _time(text) or visited_at) for file, text in zip(files, times, strict=True)]


def _time(text: str) -> dt.datetime | None:
    """A time in ISO 8601 that is not in the future, or None."""
    try:
        moment = dt.datetime.fromisoformat(text)
        return moment.astimezone(dt.UTC) if moment.tzinfo is not None and moment <= clock.now() else None
    except (ValueError, OverflowError):  # OverflowError: the first or last day that there is, in UTC
        return None
