"""Middleware: request cache, language, invalid characters, pages for Refused exceptions."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.http.request import UnreadablePostError
from django.middleware.locale import LocaleMiddleware
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request

from municipality.kernel import request_cache
from municipality.kernel.errors import Refused
from municipality.ui import errors, language

BUSY = ("55P03", "40P01")  # SQLSTATE of PostgreSQL: `lock_timeout` is over; a deadlock, of which this transaction was rolled back
# NUL, which PostgreSQL cannot store in text, and lone surrogates, which UTF-8 cannot encode.
_INVALID_CHARACTER = re.compile(r"[\x00\ud800-\udfff]")


class RequestCacheMiddleware:
    """Activates `kernel.request_cache` for each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with request_cache.activate():
            return self.get_response(request)


class LanguageMiddleware(LocaleMiddleware):
    """Activates the language of the prefix /ar/ or /en/; without one that of `_language` in the query, the cookie, Accept-Language, or
    Arabic. On cookieless paths (`language.is_cookieless`) only Accept-Language counts, since caches ignore cookies.

    The staff pages and their sign-in have a cookie of their own. Without it the staff pages are Arabic.

    The cookie stores the last language, for pages without a prefix (the check page, the return from the bank). `/` redirects to /ar/ or
    /en/.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        code = language.of_path(request.path_info)
        if not code and language.is_cookieless(request.path_info):
            code = language.from_accept_language(request)
        if not code:
            translation.activate(language.from_accept_language(request))  # for the error page of an unreadable query
            chosen = request.GET.get(language.FIELD, "")
            if chosen in dict(settings.LANGUAGES):
                code = chosen
                request.portal_language_chosen = True  # type: ignore[attr-defined]
        if language.is_staff(request.path_info):
            stored = request.COOKIES.get(language.STAFF_COOKIE)
            code = code or (stored if stored in dict(settings.LANGUAGES) else "ar")
        elif language.is_staff_sign_in(request.path_info) and not code:
            stored = request.COOKIES.get(language.STAFF_COOKIE)
            code = stored if stored in dict(settings.LANGUAGES) else ""
        code = code or get_language_from_request(request)
        translation.activate(code)
        request.LANGUAGE_CODE = code
        if request.path_info == "/":
            response = HttpResponseRedirect(f"/{code}/")
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
            return response
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        result: HttpResponseBase = super().process_response(request, response)
        if language.is_cookieless(request.path_info):
            return result
        path_language = language.of_path(request.path_info)
        # Whoever signs in as staff goes on in the language of that page.
        signs_in = request.method == "POST" and language.is_staff_sign_in(request.path_info)
        chosen = signs_in or getattr(request, "portal_language_chosen", False)
        code = path_language or (request.LANGUAGE_CODE if chosen else "")
        if not path_language:
            patch_vary_headers(result, ("Cookie",))
        is_of_staff = language.is_staff(request.path_info) or language.is_staff_sign_in(request.path_info)
        cookie = language.STAFF_COOKIE if is_of_staff else settings.LANGUAGE_COOKIE_NAME
        if code and request.COOKIES.get(cookie) != code:
            result.set_cookie(
                cookie,
                code,
                max_age=365 * 24 * 3600,
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
        return result


class CookielessMiddleware:
    """Removes cookies from requests of cookieless paths, and Cookie from the Vary header of their responses."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not language.is_cookieless(request.path_info):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = self.get_response(request)
        names = [name.strip() for name in response.get("Vary", "").split(",")]
        if remaining := [name for name in names if name and name.lower() != "cookie"]:
            response["Vary"] = ", ".join(remaining)
        elif "Vary" in response:
            del response["Vary"]
        return response


class TextMiddleware:
    """Responds 400 to paths, queries, cookies, form fields and file names with NUL or a lone surrogate.

    Checks decoded values: a query can contain either by its charset, a cookie by an escape. The query and body of a view with the
    attribute `reads_raw`, which reads what another system sent, are not checked.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        agent = request.META.get("HTTP_USER_AGENT", "")  # stored with each session
        if not _is_valid(chain([request.path_info, agent], request.COOKIES, request.COOKIES.values())):
            return errors.invalid_text(request)
        if not _is_valid(_names_and_values(request.GET)) and not _reads_raw(request.path_info):
            return errors.invalid_text(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Check the form here, before the CSRF middleware reads it."""
        if request.method != "POST" or getattr(view, "reads_raw", False):
            return None
        try:
            names = (file.name or "" for _field, files in request.FILES.lists() for file in files)
            if not _is_valid(chain(_names_and_values(request.POST), request.FILES, names)):
                return errors.invalid_text(request)
        except UnreadablePostError:  # the connection broke: the view finds no form
            pass
        except OSError as error:  # a file that does not fit into the temporary folder
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            return errors.disk_full(request)
        return None


def _names_and_values(fields: Any) -> Iterable[str]:
    return chain.from_iterable((name, *values) for name, values in fields.lists())


def _is_valid(texts: Iterable[str]) -> bool:
    return not any(map(_INVALID_CHARACTER.search, texts))


def _reads_raw(path: str) -> bool:
    try:
        return getattr(resolve(path).func, "reads_raw", False)
    except Resolver404:
        return False


class RefusalMiddleware:
    """Renders uncaught Refused exceptions, locks not released in time and empty 405 responses as pages (problem+json under /api/)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:
            return errors.method_not_allowed(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError) and getattr(exception.__cause__, "pgcode", "") in BUSY:
            return errors.busy(request)
        return errors.refused(request, exception) if isinstance(exception, Refused) else None
