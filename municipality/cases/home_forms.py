"""Forms that the public home page offers in place: look up a violation, check a licence, track a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.urls import reverse

from municipality.kernel.registry import Registry
from municipality.ui.texts import Text


@dataclass(frozen=True)
class HomeForm:
    """One form of the home page, which is sent to the page with the URL name `url`. `start` is a link above it: its label and URL name."""

    icon: str
    title: Text
    text: Text
    form: type[Form]
    url: str
    button: Text
    order: int
    start: tuple[Text, str] | None = None

    def context(self) -> dict[str, Any]:
        """What the template needs."""
        return {"entry": self, "action": reverse(self.url)}

    def fields(self) -> Form:
        """Its empty fields; their ids differ between the forms."""
        return self.form(auto_id=f"home{self.order}_%s")


# By the name of a service: the address of the public page of what a number names, empty where it is no number of that service. For what
# is no request, so that the form for requests does not ask for the digits of a person.
PUBLIC_NUMBERS: Registry[Callable[[str], str]] = Registry()


@dataclass(frozen=True)
class NumberKind:
    """Numbers that name no request, told by their form alone: what they are, and the page for them.

    `url(number)` is its address. `fields` are the names under which that page takes number and digits, where it takes both.
    """

    title: Text
    text: Text
    button: Text
    url: Callable[[str], str]
    fields: tuple[str, ...] = ()


# By the letters with which such a number begins.
NUMBER_KINDS: Registry[NumberKind] = Registry()


# By the name of the page that each leads to.
HOME_FORMS: Registry[HomeForm] = Registry()


def public_page_of(number: str) -> str:
    """The address of the page of a number that needs no digits beside it, or an empty text."""
    return next((url for page_of in PUBLIC_NUMBERS.values() if (url := page_of(number))), "")


def number_kind(number: str, last_four: str) -> dict[str, Any] | None:
    """What a template needs about a number that names no request, or None; nothing is looked up."""
    kind = NUMBER_KINDS.get(number.partition("-")[0])
    if kind is None:
        return None
    return {"kind": kind, "url": kind.url(number), "values": list(zip(kind.fields, (number, last_four), strict=False))}


def home_forms() -> list[HomeForm]:
    """All forms in the order of the home page."""
    return sorted(HOME_FORMS.values(), key=lambda entry: entry.order)
