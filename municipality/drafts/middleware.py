"""Saves form data that would be lost (see `unsaved`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from municipality.accounts.next_paths import requested
from municipality.drafts import unsaved


class UnsavedInputMiddleware:
    """Saves the form data of a POST that the middleware inside it redirects to the sign-in page.

    Also that of a POST to a view marked `is_embedded_button` (a button inside a bigger form sends or removes a file), for the page that it
    redirects to, where that is marked `embeds_buttons`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return self.get_response(request)
        view = _view(request.path_info)
        if getattr(view, "is_embedded_button", False):
            return self._save_around_button(request)
        if not getattr(view, "keeps_typed", False):
            return self.get_response(request)
        before = request.user
        person = before if before.is_authenticated and not before.is_staff else None
        response = self.get_response(request)
        if not request.user.is_authenticated and response.status_code == 302:
            unsaved.save(request, person)
        return response

    def _save_around_button(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        page = requested(request).partition("?")[0]
        person = request.user
        if (
            response.status_code in (302, 507)  # 507: the disk is full
            and person.is_authenticated
            and not person.is_staff
            and page
            and getattr(_view(page), "embeds_buttons", False)
        ):
            unsaved.save(request, person, page=page)
        return response


def _view(path: str) -> Any:
    """The view of a path, or None."""
    try:
        return resolve(path).func
    except Resolver404:
        return None
