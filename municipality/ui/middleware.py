"""The language of a request, text that is none, and refusals told as pages."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from django.conf import settings
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

# What no text column of PostgreSQL and no UTF-8 page takes: NUL, and half of a pair of surrogates.
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")


class RequestCacheMiddleware:
    """Gives each request a cache of its own (`kernel.request_cache`)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with request_cache.activate():
            return self.get_response(request)


class LanguageMiddleware(LocaleMiddleware):
    """/ar/ and /en/ carry the language. Elsewhere: a `_language` in the query, the cookie, Accept-Language, Arabic.
    Where no cookie is read (`language.has_no_cookie`): Accept-Language alone, so that an answer depends on nothing that a cache does
    not see.

    The cookie remembers the language last seen, so that pages outside the prefixes (the check page, the way back
    from the bank) speak it too. `/` leads to /ar/ or /en/.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        code = language.of_path(request.path_info)
        if not code and language.has_no_cookie(request.path_info):
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
        if language.has_no_cookie(request.path_info):
            return answer
        carried = language.of_path(request.path_info)
        chosen = getattr(request, "portal_language_chosen", False)
        code = carried or (request.LANGUAGE_CODE if chosen else "")
        if not carried:
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
    """What caches keep for everybody reads no cookie, whoever sends one: none gets in, none is set, and no answer depends on one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not language.has_no_cookie(request.path_info):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = self.get_response(request)
        names = [name.strip() for name in response.get("Vary", "").split(",")]
        if kept := [name for name in names if name and name.lower() != "cookie"]:
            response["Vary"] = ", ".join(kept)
        elif "Vary" in response:
            del response["Vary"]
        return response


class TextMiddleware:
    """Refuses addresses, queries, cookies, fields of forms and names of files that hold NUL or a lone surrogate, with a 400 page.

    Looks at what was decoded: a query can bring either by a charset of its own, a cookie by an escape. A view that reads what another
    program sent as it came says `reads_raw`; its query and its body are left alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        agent = request.META.get("HTTP_USER_AGENT", "")  # kept with each session
        if not _is_text(chain([request.path_info, agent], request.COOKIES, request.COOKIES.values())):
            return errors.no_text(request)
        if not _is_text(_of(request.GET)) and not _reads_raw(request.path_info):
            return errors.no_text(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """The protection against forged forms reads the form next: it is read here and not a second time."""
        if request.method != "POST" or getattr(view, "reads_raw", False):
            return None
        try:
            names = (file.name or "" for _field, files in request.FILES.lists() for file in files)
            if not _is_text(chain(_of(request.POST), request.FILES, names)):
                return errors.no_text(request)
        except UnreadablePostError:  # the line was cut: whoever needs the form finds none
            pass
        except OSError as error:  # a file that does not fit into the temporary folder
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            return errors.no_room(request)
        return None


def _of(fields: Any) -> Iterable[str]:
    return chain.from_iterable((name, *values) for name, values in fields.lists())


def _is_text(texts: Iterable[str]) -> bool:
    return not any(map(_NO_TEXT.search, texts))


def _reads_raw(path: str) -> bool:
    try:
        return getattr(resolve(path).func, "reads_raw", False)
    except Resolver404:
        return False


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
