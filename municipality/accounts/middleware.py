"""The limits of a session: fifteen quiet minutes, twelve hours in all (settings SESSION_IDLE_SECONDS, SESSION_ABSOLUTE_SECONDS)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from municipality.accounts import next_paths
from municipality.accounts.services import sessions


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
