"""Marks of views, and the ways out of a sign-in."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver

from municipality.accounts import next_paths, outside_urls, urls
from municipality.accounts.access import access


def test_every_view_of_the_sign_in_carries_a_mark() -> None:
    patterns = [pattern for pattern in [*urls.urlpatterns, *outside_urls.urlpatterns] if not isinstance(pattern, URLResolver)]
    assert len(patterns) > 15
    for pattern in patterns:
        assert isinstance(pattern, URLPattern)
        assert getattr(pattern.callback, "portal_access", "") in {"public", "person", "staff", "any", "on_behalf"}, pattern.name


@pytest.mark.parametrize("audience", ["person", "staff", "any"])
def test_a_stranger_passes_no_mark_even_without_the_middleware(audience: str) -> None:
    @access(audience)
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")

    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with pytest.raises(PermissionDenied):
        view(request)


@pytest.mark.parametrize("path", ["/ar/profile/", "/ar/?a=1&b=%2F%2Fx", "/admin/"])
def test_paths_of_the_portal_are_local(path: str) -> None:
    assert next_paths.is_local(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        None,
        "ar/",
        "//x.example",
        "///x.example",
        "/\\x.example",
        "http://x.example/",
        "javascript:x",
        "/a\r\nb",
        "/a b",
        "\x00/a",
        "/" + "a" * 500,
    ],
)
def test_anything_else_is_not(path: str | None) -> None:
    assert not next_paths.is_local(path)
