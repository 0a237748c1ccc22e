"""The limits of a session (settings SESSION_IDLE_SECONDS, SESSION_ABSOLUTE_SECONDS), and what of it a browser may keep: nothing."""

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
    """Pages of a person are kept by no cache and not by their browser, so that going back after signing out asks the portal again.

    So is every answer, redirect and error of a browser with a session, and what answers a form. Excepted is what a public view calls
    `public` itself and is no page: files of open data and feeds, which say the same to everybody.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        came_with_session = not request.session.is_empty()
        response = self.get_response(request)
        is_personal = came_with_session or not request.session.is_empty() or request.method not in ("GET", "HEAD")
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
    """Signs out a session that is over. The sign-in page then says why and leads back to where the person was."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session and request.user.is_authenticated:
            why = sessions.end_of(request)
            if why:
                return self._end(request, why)
            sessions.note_sight(request)
        return self.get_response(request)

    def _end(self, request: HttpRequest, why: str) -> HttpResponse:
        user: Any = request.user
        door = reverse("account_login" if user.is_staff else "accounts:sign_in")
        logout(request)
        request.session[sessions.ENDED] = why
        if request.method in ("GET", "HEAD"):
            return self.get_response(request)  # a page for everybody opens; any other leads to the sign-in page by itself
        back = next_paths.came_from(request)
        return HttpResponseRedirect(f"{door}?{urlencode({'next': back})}" if back else door)
