"""Requests that are undone one after the other: what the first of them read or drew, the others need not read or draw again.

- A session and its user, which stand the same before each request, are read from the database once.
- A page is drawn for the first method that comes to it, and once more for a form that is sent.
- A page of an error is drawn for the first who comes to it at an address, and for each role in each language once.
- A PDF is laid out once for everybody who is given the same text.

For all others the status alone is given, which is what such tests ask for.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.template.backends.django import Template
from django.utils.translation import get_language

from municipality.accounts.backends import PersonBackend
from municipality.documents import rendering
from municipality.ui import errors
from municipality.ui.language import is_staff


def read_once(patch: pytest.MonkeyPatch) -> None:
    """Read each session and each user once, until the patch is undone: for those who have signed in, and whose session stays as it is."""
    sessions: dict[Any, Any] = {}
    users: dict[tuple[Any, Any], Any] = {}
    read_session = SessionStore._get_session_from_db

    def session(store: Any) -> Any:
        key = store.session_key
        if key not in sessions and (found := read_session(store)) is not None:
            sessions[key] = found
        return sessions.get(key)

    def reading(backend: Any) -> Any:
        read = backend.get_user

        def user(self: Any, user_id: Any) -> Any:
            key = type(self), user_id
            if key not in users:
                users[key] = read(self, user_id)
            return copy.copy(users[key])

        return user

    patch.setattr(SessionStore, "_get_session_from_db", session)
    for backend in (ModelBackend, PersonBackend):
        patch.setattr(backend, "get_user", reading(backend))


def errors_once(patch: pytest.MonkeyPatch) -> None:
    """Draw the page of each error once; everybody else is given a copy of it."""
    pages: dict[tuple[str, int], bytes] = {}
    draw = errors._page

    def error(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
        if (template, status) not in pages:
            pages[template, status] = draw(request, template, status, **context).content
        return HttpResponse(pages[template, status], status=status)

    patch.setattr(errors, "_page", error)


def errors_once_for_each_reader(patch: pytest.MonkeyPatch) -> None:
    """Draw the page of each error once for each user in each language, with the same words and in the same frame; then give a copy."""
    pages: dict[Hashable, bytes] = {}
    draw = errors._page

    def error(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
        user = getattr(getattr(request, "user", None), "pk", None)
        frame = user, get_language(), is_staff(request.path_info)
        key = *frame, template, status, *sorted(f"{name}={value}" for name, value in context.items())
        if key not in pages:
            pages[key] = draw(request, template, status, **context).content
        return HttpResponse(pages[key], status=status)

    patch.setattr(errors, "_page", error)


class Drawn:
    """Reads once, and what was drawn at the present address."""

    _roles: set[Hashable] = set()  # pages of errors, by role and language, in this process

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        read_once(patch)
        self._address: set[Hashable] = set()
        self._asked: set[Hashable] = set()
        self._who: tuple[str, str] = "", ""
        draw, draw_error, lay_out = Template.render, errors._page, rendering._write_pdf
        files: dict[Hashable, bytes | None] = {}

        def page(template: Any, context: Any = None, request: HttpRequest | None = None) -> Any:
            if request is not None and not _is_new(self._asked, (template.template.name, request.method == "POST")):
                return ""
            return draw(template, context, request)

        def error(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
            is_new = _is_new(self._address, (template, status)) | _is_new(self._roles, (*self._who, template, status))
            return draw_error(request, template, status, **context) if is_new else HttpResponse(status=status)

        def pdf(weasyprint: Any, *text: Any, **options: Any) -> bytes | None:
            key = *text, *options.items()
            if key not in files:
                files[key] = lay_out(weasyprint, *text, **options)
            return files[key]

        patch.setattr(Template, "render", page)
        patch.setattr(rendering, "_write_pdf", pdf)
        patch.setattr(errors, "_page", error)

    def next_address(self) -> None:
        """Another address, or the same in another language."""
        self._address.clear()

    def next_role(self, role: str, language: str) -> None:
        """Another reader at the same address."""
        self._asked.clear()
        self._who = role, language


def _is_new(known: set[Hashable], one: Hashable) -> bool:
    is_new = one not in known
    known.add(one)
    return is_new
