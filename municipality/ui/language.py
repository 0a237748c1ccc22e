"""The language of an address, its twin in the other language, and the switch on a form that keeps what was typed."""

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
ERRORS_FIELD = "_errors"
_PREFIX = re.compile(r"/(ar|en)(?=/|$)")
F = TypeVar("F", bound=BaseForm)


def of_path(path: str) -> str:
    """The language an address carries, or an empty text."""
    match = _PREFIX.match(path)
    return match[1] if match else ""


def is_machines(path: str) -> bool:
    """Whether an address belongs to the public interface, which has no cookie and no page."""
    return path.startswith("/api/")


def has_no_cookie(path: str) -> bool:
    """Whether what stands at an address is the same for everybody and kept by caches: the public interface, files of open data, feeds."""
    return is_machines(path) or path.startswith("/open-data/") or path.endswith(".atom")


def accepted(request: HttpRequest) -> str:
    """The first language of Accept-Language that the portal speaks; Arabic where it names none. Looks at nothing else."""
    for wanted, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500]):
        code = wanted.partition("-")[0]
        if code in dict(settings.LANGUAGES):
            return code
    return str(settings.LANGUAGE_CODE)


def other() -> str:
    """The language the page is not in."""
    return "en" if get_language() == "ar" else "ar"


def name_of(language: str) -> str:
    """A language's name in itself."""
    return dict(settings.LANGUAGES)[language]


def twin(request: HttpRequest) -> str:
    """The same page, with its query, in the other language.

    Outside /ar/ and /en/ the address stays and the query asks for the language once (a cookie then remembers it).
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


def is_switch(request: HttpRequest) -> bool:
    """Whether this POST only asks for the other language. A view never acts on such a POST."""
    return request.method == "POST" and FIELD in request.POST


def _settle(request: HttpRequest, form: BaseForm) -> None:
    """A form whose page showed no errors shows none in the other language either."""
    if ERRORS_FIELD not in request.POST:
        form._errors = ErrorDict()  # type: ignore[attr-defined]


def read_form(request: HttpRequest, form_class: type[F], **kwargs: Any) -> tuple[F, bool]:
    """The form of this request, and whether it was submitted (a language switch is no submission).

    After a switch the form holds what was typed, and shows errors only if the page it comes from did.
    Files cannot be kept: browsers do not send them back.
    """
    if request.method != "POST":
        return form_class(**kwargs), False
    form = form_class(data=request.POST, files=request.FILES, **kwargs)
    if is_switch(request):
        _settle(request, form)
        return form, False
    return form, True


class LanguageSwitchMixin:
    """For class-based form views: `post` answers a language switch with the same form in the other language."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_switch(request):
            return super().post(request, *args, **kwargs)  # type: ignore[misc]
        if hasattr(self, "get_object"):
            self.object = self.get_object()
        form = self.get_form()  # type: ignore[attr-defined]
        _settle(request, form)
        return self.render_to_response(self.get_context_data(form=form))  # type: ignore[attr-defined,no-any-return]
