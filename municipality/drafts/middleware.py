"""Keeps what a person typed: when the session had ended before the page was sent, and when a button beside the form was pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from municipality.accounts.next_paths import asked
from municipality.drafts import unsaved


class TypedMiddleware:
    """Stands outside the two that send strangers to the sign-in page: a POST that they turned away leaves its text behind.

    So does a POST to a view marked `beside_a_form` (a file is sent or taken back by a button inside a bigger form), for the page
    that it comes back to, where that is marked `keeps_beside`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return self.get_response(request)
        view = _view(request.path_info)
        if getattr(view, "beside_a_form", False):
            return self._beside(request)
        if not getattr(view, "keeps_typed", False):
            return self.get_response(request)
        before = request.user
        person = before if before.is_authenticated and not before.is_staff else None
        response = self.get_response(request)
        if not request.user.is_authenticated and response.status_code == 302:
            unsaved.keep(request, person)
        return response

    def _beside(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        page = asked(request).partition("?")[0]
        person: Any = request.user
        if (
            response.status_code in (302, 507)  # 507: there was no room for the file
            and person.is_authenticated
            and not person.is_staff
            and page
            and getattr(_view(page), "keeps_beside", False)
        ):
            unsaved.keep(request, person, page=page)
        return response


def _view(path: str) -> Any:
    """The view behind a path, for the marks that it carries; None where there is none."""
    try:
        return resolve(path).func
    except Resolver404:
        return None
