"""Keeps what a person typed when the session had ended before the page was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from municipality.drafts import typed


class TypedMiddleware:
    """Stands outside the two that send strangers to the sign-in page: a POST that they turned away leaves its text behind."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not _keeps(request.path_info):
            return self.get_response(request)
        before: Any = request.user
        person = before if before.is_authenticated and not before.is_staff else None
        response = self.get_response(request)
        if not request.user.is_authenticated and response.status_code == 302:
            typed.keep(request, person)
        return response


def _keeps(path: str) -> bool:
    try:
        return bool(getattr(resolve(path).func, "keeps_typed", False))
    except Resolver404:
        return False
