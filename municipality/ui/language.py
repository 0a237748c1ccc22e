"""The language of a URL, its translation, and the language switch of forms, which keeps what was typed."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.forms import BaseForm
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation.trans_real import parse_accept_lang_header

FIELD = "_language"
STAFF_COOKIE = "staff_language"  # of the staff pages, which are Arabic until their own switch chose English
ERRORS_FIELD = "_errors"
_PREFIX = re.compile(r"/(ar|en)(?=/|$)")
F = TypeVar("F", bound=BaseForm)


def of_path(path: str) -> str:
    """The language prefix of a path, or an empty text."""
    match = _PREFIX.match(path)
    return match[1] if match else ""


def is_api(path: str) -> bool:
    """Whether a path belongs to the public API."""
    return path.startswith("/api/")


def is_staff(path: str) -> bool:
    """Whether a path belongs to the staff pages."""
    return path.startswith("/admin/")


def is_staff_sign_in(path: str) -> bool:
    """Whether a path belongs to the sign-in of staff, whose chosen language the staff pages keep."""
    return path.startswith("/staff/")


def is_cookieless(path: str) -> bool:
    """Whether the responses of a path use no cookie and are cached for everybody: the public API, files of open data, feeds, the
    base data of maps, Open311.
    """
    return is_api(path) or path.startswith(("/open-data/", "/map-tiles/", "/open311/")) or path.endswith((".atom", "/map.json"))


def from_accept_language(request: HttpRequest) -> str:
    """The first language of Accept-Language that the portal has; Arabic if there is none. Ignores cookies and URL."""
    for tag, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500]):
        code = tag.partition("-")[0]
        if code in dict(settings.LANGUAGES):
            return code
    return str(settings.LANGUAGE_CODE)


def other() -> str:
    """The language other than the active one."""
    return "en" if get_language() == "ar" else "ar"


def name_of(language: str) -> str:
    """The name of a language in that language."""
    return dict(settings.LANGUAGES)[language]


def translated_url(request: HttpRequest) -> str:
    """The URL of this page, with its query, in the other language.

    Without a language prefix the query gets the parameter FIELD (a cookie then stores the language).
    """
    language = other()
    query = request.GET.copy()
    query.pop(FIELD, None)
    if of_path(request.path):
        path = _PREFIX.sub(f"/{language}", request.path, count=1)
    else:
        path = request.path
        query[FIELD] = language
    return f"{path}?{urlencode(list(query.lists()), doseq=True)}" if query else path


def without_field(request: HttpRequest) -> str:
    """The address of this page without the parameter that chose its language."""
    query = request.GET.copy()
    query.pop(FIELD, None)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def is_switch(request: HttpRequest) -> bool:
    """Whether this POST only switches the language. Views must do nothing else on such a POST."""
    return request.method == "POST" and FIELD in request.POST


def without_errors(form: BaseForm) -> None:
    """Show what was typed in a form without validating it."""
    form._errors = ErrorDict()  # type: ignore[attr-defined]  # Django has no public way: reading `errors` validates


def _hide_errors(request: HttpRequest, form: BaseForm) -> None:
    """Clear the errors of a form after a switch, unless the page it comes from showed errors."""
    if ERRORS_FIELD not in request.POST:
        without_errors(form)


def read_form(request: HttpRequest, form_class: type[F], **kwargs: Any) -> tuple[F, bool]:
    """The form of this request, and whether it was submitted (a language switch is no submission).

    After a switch the form has what was typed, and errors only if the page it comes from showed them. Files are lost: browsers do
    not send them back.
    """
    if request.method != "POST":
        return form_class(**kwargs), False
    form = form_class(data=request.POST, files=request.FILES, **kwargs)
    if is_switch(request):
        _hide_errors(request, form)
        return form, False
    return form, True


class LanguageSwitchMixin:
    """For class-based form views: `post` renders the same form after a language switch."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_switch(request):
            return super().post(request, *args, **kwargs)  # type: ignore[misc]
        if hasattr(self, "get_object"):
            self.object = self.get_object()
        form = self.get_form()  # type: ignore[attr-defined]
        _hide_errors(request, form)
        return self.render_to_response(self.get_context_data(form=form))  # type: ignore[attr-defined,no-any-return]
