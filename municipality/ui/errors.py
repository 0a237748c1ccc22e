"""Error pages and, under /api/, problem details (RFC 9457); other interfaces register the form of theirs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.template import loader
from django.utils import translation
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.kernel.registry import Registry
from municipality.ui import language

log = logging.getLogger(__name__)

# Sent if even the page of errors 500 cannot be rendered.
_BARE = (
    '<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>خطأ في البوابة</title></head><body>'
    "<h1>تعذّر عرض الصفحة</h1><p>يُرجى المحاولة بعد دقائق.</p>"
    '<div lang="en" dir="ltr"><h1>The page could not be shown</h1><p>Please try again in a few minutes.</p></div></body></html>'
)


_STAFF_HOME = "/admin/"  # as `language.is_staff` has it; not reversed, since the URLs may be what failed

# By the beginning of their addresses: interfaces whose errors have a form of their own (request, status, sentence).
OTHER_FORMS: Registry[Callable[[HttpRequest, int, str], HttpResponse]] = Registry()


def _is_api(request: HttpRequest) -> bool:
    return language.is_api(request.path_info) or request.path_info.startswith(tuple(OTHER_FORMS))


def _problem(request: HttpRequest, status: int, title: str, detail: str, **members: Any) -> HttpResponse:
    for beginning, form in OTHER_FORMS.items():
        if request.path_info.startswith(beginning):
            return form(request, status, detail)
    return JsonResponse(
        {"type": "about:blank", "title": title, "status": status, "detail": detail, **members},
        status=status,
        content_type="application/problem+json",
        json_dumps_params={"ensure_ascii": False},
        headers={"Content-Language": translation.get_language() or "ar", "Vary": "Accept-Language", "Cache-Control": "no-store"},
    )


def _page(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
    """A page in the frame of its address: among the staff pages theirs, with the way to their first page."""
    home = _STAFF_HOME if language.is_staff(request.path_info) else ""
    frame = {"shell": "errors/staff.html" if home else "layouts/narrow.html", "staff_home": home}
    return HttpResponse(loader.render_to_string(template, {**frame, **context}, request), status=status)


def _respond(request: HttpRequest, status: int, title: str, detail: str, template: str, **context: Any) -> HttpResponse:
    """Problem details under /api/, elsewhere the page of `template`."""
    return _problem(request, status, title, detail) if _is_api(request) else _page(request, template, status, **context)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 for a malformed request; 413 for one that is too large."""
    if isinstance(exception, RequestDataTooBig):
        detail = _("One form takes at most one megabyte. Nothing was changed.")
        return _respond(request, 413, _("Too much was sent at once"), detail, "errors/413.html")
    if _is_api(request):
        return _problem(request, 400, _("Bad request"), _("The request could not be read."))
    try:
        request.GET  # noqa: B018 - the page reads it for its link to the other language
    except SuspiciousOperation:
        request.GET = QueryDict()
    return _page(request, "errors/400.html", 400)


def invalid_text(request: HttpRequest) -> HttpResponse:
    """400 for a character that cannot be stored. The page has no link with that character."""
    detail = _("It contains a character that cannot be used. Please remove it from the address, or type the field again.")
    if _is_api(request):
        return _problem(request, 400, _("Bad request"), detail)
    request.path, request.GET = "/", QueryDict()
    return _page(request, "errors/400.html", 400, sentence=detail)


def method_not_allowed(request: HttpRequest, bare: HttpResponse) -> HttpResponse:
    """405 with the allowed methods: a page for browsers, else the response `bare` unchanged."""
    if _is_api(request):
        detail = _("The request uses a method that this address does not take.")
        response: HttpResponse = _problem(request, 405, _("This page is not opened in this way"), detail)
    elif "text/html" in request.headers.get("Accept", ""):
        response = _page(request, "errors/405.html", 405)
    else:
        return bare
    if "Allow" in bare.headers:
        response["Allow"] = bare["Allow"]
    return response


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: the signed-in user may not open this page."""
    return _respond(request, 403, _("No access"), _("Your account has no access to this."), "403.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, the same for what does not exist and for what the user may not see."""
    return _respond(request, 404, _("Not found"), _("There is nothing at this address."), "404.html")


def _errors_key() -> str:
    return f"errors:{clock.today().isoformat()}"


def errors_today() -> int:
    """How many pages ended in an error today, as the cache remembers it; 0 where the cache is away."""
    try:
        return int(cache.get(_errors_key(), 0))
    except (RedisError, OSError):
        log.warning("the errors of today are not known")
        return 0


def _count_error() -> None:
    try:
        cache.add(_errors_key(), 0, timeout=2 * 24 * 60 * 60)
        cache.incr(_errors_key())
    except Exception:  # the cache may be what failed
        log.exception("an error was not counted")


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a constant page, without database, session or user; one for people, one for staff. Counted for operators (`errors_today`)."""
    _count_error()
    code = language.of_path(request.path_info) or translation.get_language() or "ar"
    with translation.override(code):
        if _is_api(request):
            detail = _("The error is ours and has been recorded. Please try again in a few minutes.")
            return _problem(request, 500, _("Error in the portal"), detail)
        is_staff = language.is_staff(request.path_info)
        template = "errors/staff_500.html" if is_staff else "500.html"
        context = {"LANGUAGE_CODE": code, "home": f"/{code}/", "staff_home": _STAFF_HOME, "hotline": settings.MUNICIPALITY_PHONE}
        try:
            return HttpResponse(loader.render_to_string(template, context), status=500)
        except Exception:
            log.exception("the page for errors cannot be rendered")
            return HttpResponse(_BARE, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without a valid CSRF token: a page left open too long, a blocked cookie, or a forged request."""
    return _respond(request, 403, _("No access"), _("The request carries no valid token."), "errors/csrf.html")


def too_many_requests(request: HttpRequest, retry_after: int) -> HttpResponse:
    """429 with Retry-After, in seconds."""
    seconds = max(1, int(retry_after))
    if _is_api(request):
        response: HttpResponse = _problem(request, 429, _("Too many attempts"), _("Please try again later."), retry_after=seconds)
    else:
        response = _page(request, "429.html", 429, minutes=-(-seconds // 60))
    response["Retry-After"] = str(seconds)
    return response


def busy(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After, in seconds: another transaction held a row longer than this one may wait, and this one was rolled back."""
    log.warning("a lock was not released in time for %s", request.path_info)
    detail = _("Somebody else is changing the same record at this moment, so this was not done. Please try again in a few seconds.")
    response = _respond(request, 503, _("Not possible at the moment"), detail, "errors/refused.html", sentence=detail)
    response["Retry-After"] = "5"
    return response


def disk_full(request: HttpRequest) -> HttpResponse:
    """507: the disk is full, and nothing was saved."""
    log.error("no room for what was sent to %s", request.path_info)
    detail = _(
        "The portal has no room for files at the moment; its staff have been told. Nothing was kept. Please send it again in an hour."
    )
    return _respond(request, 507, _("This is not possible now"), detail, "errors/refused.html", sentence=detail)


def file_damaged(request: HttpRequest) -> HttpResponse:
    """503: a stored file is damaged or missing."""
    detail = _("This file cannot be given out at the moment; the staff of the portal have been told. Please try again tomorrow.")
    return _respond(request, 503, _("Not possible at the moment"), detail, "errors/refused.html", sentence=detail)


def refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """The page of a Refused exception, with its sentence and status; for status 404 the usual page."""
    if refusal.status == 404:
        return not_found(request)
    sentence = str(refusal.sentence) or _("This step is not possible now. The request may have moved on meanwhile.")
    if _is_api(request):
        return _problem(request, refusal.status, _("This is not possible now"), sentence, code=refusal.code)
    return _page(request, "errors/refused.html", refusal.status, sentence=sentence)
