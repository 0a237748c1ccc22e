"""Middleware: the limits of a session (SESSION_IDLE_SECONDS, SESSION_ABSOLUTE_SECONDS), and no caching of personal pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from municipality.accounts import next_paths
from municipality.accounts.services import sessions


class NeverCacheMiddleware:
    """Adds never-cache headers to every response to a browser with a session or to a form, also to redirects and errors.

    So going back after signing out asks the portal again. Exempt is what a public view itself marks as `public` and is not HTML: files
    of open data and feeds, which are the same for everybody.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        had_session = not request.session.is_empty()
        response = self.get_response(request)
        is_personal = had_session or not request.session.is_empty() or request.method not in ("GET", "HEAD")
        if is_personal and not _is_for_everybody(request, response):
            add_never_cache_headers(response)
        return response


def _is_for_everybody(request: HttpRequest, response: HttpResponse) -> bool:
    view = request.resolver_match.func if request.resolver_match else None
    return (
        getattr(view, "portal_access", "") == "public"
        and "public" in response.get("Cache-Control", "").replace(" ", "").split(",")
        and not response.get("Content-Type", "").startswith("text/html")
    )


class SessionLimitsMiddleware:
    """Signs out a session that is over. The sign-in page then says why and leads back to the present page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session and request.user.is_authenticated:
            reason = sessions.end_reason(request)
            if reason:
                return self._end(request, reason)
            sessions.note_activity(request)
        return self.get_response(request)

    def _end(self, request: HttpRequest, reason: str) -> HttpResponse:
        user: Any = request.user
        url = reverse("account_login" if user.is_staff else "accounts:sign_in")
        logout(request)
        request.session[sessions.ENDED] = reason
        if request.method in ("GET", "HEAD"):
            return self.get_response(request)  # LoginRequiredMiddleware redirects, except for public pages
        next_path = next_paths.referring_path(request)
        return HttpResponseRedirect(f"{url}?{urlencode({'next': next_path})}" if next_path else url)
