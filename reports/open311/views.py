"""The addresses of GeoReport."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from municipality.accounts.access import public
from municipality.accounts.limits import count_read
from municipality.kernel.errors import Refused
from municipality.uploads.multipart import is_too_large
from reports.open311 import description, errors, formats, request_list, sending, service_list, updates
from reports.open311.errors import BadRequest, Unknown
from reports.open311.keys import HourIsFull
from reports.open311.parameters import MOST_PAGES, ParameterReader, read_list

READS, SECONDS = 120, 60  # requests of one client
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
View = Callable[..., HttpResponse]


def face(*methods: str) -> Callable[[View], View]:
    """A view of GeoReport: its methods, language, jurisdiction and limit; refusals as documents, in the format of the address."""

    def mark(view: View) -> View:
        @csrf_exempt  # a key is the proof, and no cookie is read
        @public
        @wraps(view)
        def answered(request: HttpRequest, **kwargs: str) -> HttpResponse:
            reader = ParameterReader(request.GET)
            locale = reader.text("locale")[:2].lower()
            with translation.override(locale if locale in ("ar", "en") else get_language()):
                try:
                    answer = _asked(request, reader, methods) or view(request, **kwargs)
                except Refused as refusal:
                    answer = errors.of_refusal(request, refusal)
                answer.headers.setdefault("Access-Control-Allow-Origin", "*")
                answer.headers.setdefault("Content-Language", get_language() or "ar")
                patch_vary_headers(answer, ("Accept-Language",))
            return answer

        answered.reads_raw = True  # type: ignore[attr-defined]  # characters that cannot be stored are left out, as XML has it
        return answered

    return mark


def _asked(request: HttpRequest, reader: ParameterReader, methods: tuple[str, ...]) -> HttpResponse | None:
    """An answer to a method that the address does not take; None for others. Raises Refused."""
    allowed = ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])
    if request.method == "OPTIONS":
        headers = {"Allow": allowed, "Access-Control-Allow-Methods": allowed, "Access-Control-Max-Age": "86400"}
        return HttpResponse(status=204, headers=headers)
    if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
        answer = errors.document(request, 405, [_("The request uses a method that this address does not take.")])
        answer["Allow"] = allowed
        return answer
    usage = count_read(request, "open311", limit=READS, seconds=SECONDS)
    if not usage.is_within:
        raise ReadsUsedUp(usage.reset)
    jurisdiction = reader.text("jurisdiction_id")
    if jurisdiction and jurisdiction.casefold() != service_list.JURISDICTION:
        raise Unknown(_("No jurisdiction has this id. That of this interface is %(own)s.") % {"own": service_list.JURISDICTION})
    return None


class ReadsUsedUp(HourIsFull):
    """429, with the seconds after which the client may go on."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.sentence = _("Too many requests from here. Wait until the time in Retry-After is over, then go on.")


def _document(root: str, content: Any, request: HttpRequest, *, max_age: int = 0, headers: dict[str, str] | None = None) -> HttpResponse:
    """A document; with `max_age` in seconds it may be kept, and is not sent again to who has it."""
    form = formats.form_of(request.path_info)
    answer: Any = HttpResponse(formats.render(form, root, content), formats.TYPES[form], headers=headers)
    if not max_age:
        answer["Cache-Control"] = "no-store"
        return answer  # type: ignore[no-any-return]
    answer["Cache-Control"] = f"public, max-age={max_age}"
    answer["ETag"] = f'"{hashlib.sha256(answer.content).hexdigest()[:32]}"'
    kept: Any = get_conditional_response(request, etag=answer["ETag"], response=answer)
    return kept  # type: ignore[no-any-return]


@face("GET")
def discovery(request: HttpRequest, form: str) -> HttpResponse:
    """What this interface is and where it begins."""
    return _document("discovery", service_list.discovery(), request, max_age=300)


@face("GET")
def services(request: HttpRequest, form: str) -> HttpResponse:
    """What can be reported."""
    return _document("services", service_list.services(), request, max_age=300)


@face("GET")
def definition(request: HttpRequest, code: str, form: str) -> HttpResponse:
    """The questions of a service."""
    return _document("service_definition", service_list.definition(code), request, max_age=300)


@face("GET", "POST")
def requests(request: HttpRequest, form: str) -> HttpResponse:
    """A list of reports, or a report that another system sends."""
    if request.method == "POST":
        return _send(request)
    found, more = request_list.find(read_list(request.GET, request_list.DETAILED_KNOWN))
    content = request_list.documents(found, extended=_is_extended(request))
    return _document("service_requests", content, request, max_age=30, headers=_next(request, more))


def _next(request: HttpRequest, more: bool) -> dict[str, str]:
    if not more:
        return {}
    query = request.GET.copy()
    query["page"] = str(ParameterReader(query).whole(("page",), 1, MOST_PAGES) + 1)
    return {"Link": f'<{request.build_absolute_uri(request.path)}?{query.urlencode()}>; rel="next"'}


def _is_extended(request: HttpRequest) -> bool:
    return ParameterReader(request.GET).text("extensions").lower() not in ("", "false", "0", "no")


def _form(request: HttpRequest) -> Any:
    """The form and files of a request. Raises BadRequest."""
    if request.content_type not in FORMS:
        raise BadRequest(_("Send a form: application/x-www-form-urlencoded, or multipart/form-data with photos."))
    if is_too_large(request):
        raise BadRequest(_("The photos are too large together. Send fewer, or smaller ones."))
    try:
        return request.POST, request.FILES
    except UnreadablePostError:
        raise BadRequest(_("The report did not arrive whole. Send it again.")) from None


def _send(request: HttpRequest) -> HttpResponse:
    form, files = _form(request)
    received, notices = sending.receive(request.GET, form, files)
    notice = " ".join(map(str, notices))
    content = [{"service_request_id": received.report.number, "service_notice": notice or None, "account_id": None}]
    return _document("service_requests", content, request)


@face("GET")
def one_request(request: HttpRequest, number: str, form: str) -> HttpResponse:
    """One report."""
    return _document("service_requests", request_list.documents([_report(number)], extended=_is_extended(request)), request, max_age=30)


def _report(number: str) -> Any:
    report = request_list.one(formats.clean(number))
    if report is None:
        raise Unknown(_("No report has this number."))
    return report


@face("GET")
def token(request: HttpRequest, number: str, form: str) -> HttpResponse:
    """Every report has its number at once, which is its token too."""
    report = _report(number)
    return _document("service_requests", [{"service_request_id": report.number, "token": report.number}], request)


@face("GET", "POST")
def request_updates(request: HttpRequest, form: str) -> HttpResponse:
    """The steps of reports, or what another system says of one."""
    if request.method == "POST":
        fields, _files = _form(request)
        content = [{"update_id": updates.receive(request.GET, fields)}]
        return _document("service_request_updates", content, request)
    found, more = updates.find(request.GET)
    return _document("service_request_updates", found, request, max_age=30, headers=_next(request, more))


@face("GET")
def openapi(request: HttpRequest) -> HttpResponse:
    """The description of this interface, OpenAPI 3.0."""
    content = formats.render("json", "", description.description())
    return HttpResponse(content, OPENAPI, headers={"Cache-Control": "public, max-age=300"})
