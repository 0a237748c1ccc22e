"""The language of a request, and refusals told as pages."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request

from municipality.kernel.errors import Refused
from municipality.ui import errors, language


class LanguageMiddleware(LocaleMiddleware):
    """/ar/ and /en/ carry the language. Elsewhere: a `_language` in the query, the cookie, Accept-Language, Arabic.
    Under /api/: Accept-Language alone, so that an answer depends on nothing that a cache does not see.

    The cookie remembers the language last seen, so that pages outside the prefixes (the check page, the way back
    from the bank) speak it too. `/` leads to /ar/ or /en/.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        code = language.of_path(request.path_info)
        if language.is_machines(request.path_info):
            code = language.accepted(request)
        if not code:
            translation.activate(language.accepted(request))  # a query that cannot be read is refused in a language too
            wanted = request.GET.get(language.FIELD, "")
            if wanted in dict(settings.LANGUAGES):
                code = wanted
                request.portal_language_chosen = True  # type: ignore[attr-defined]
        if request.path_info.startswith("/admin/"):  # staff read and write Arabic; the admin has no English twin
            code = "ar"
        code = code or get_language_from_request(request)
        translation.activate(code)
        request.LANGUAGE_CODE = code
        if request.path_info == "/":
            response = HttpResponseRedirect(f"/{code}/")
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
            return response
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        answer: HttpResponseBase = super().process_response(request, response)
        carried = language.of_path(request.path_info)
        chosen = getattr(request, "portal_language_chosen", False)
        code = carried or (request.LANGUAGE_CODE if chosen else "")
        if not carried and not language.is_machines(request.path_info):
            patch_vary_headers(answer, ("Cookie",))
        if code and request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) != code:
            answer.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                code,
                max_age=365 * 24 * 3600,
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
        return answer


class MachinesMiddleware:
    """The public interface reads no cookie, whoever sends one: none gets in, and no cache is told that an answer depends on one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not language.is_machines(request.path_info):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = self.get_response(request)
        names = [name.strip() for name in response.get("Vary", "").split(",")]
        response["Vary"] = ", ".join(name for name in names if name.lower() != "cookie")
        return response


class RefusalMiddleware:
    """A rule's "no" that a view did not catch becomes a page with its sentence (problem+json under /api/), and so does an empty 405."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:
            return errors.method_not_allowed(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return errors.refused(request, exception) if isinstance(exception, Refused) else None
