"""Violations as the home page and the service cards show them."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.cases.catalogue import ServiceEntry
from municipality.cases.home_forms import NumberKind

VIOLATIONS = ServiceEntry(
    code="violations",
    icon="violation",
    name=_("Violations"),
    summary=_("See the evidence and the article, then correct, settle, object or pay by instalments."),
    needs=_("The number of the violation and the last 4 digits of the civil number"),
    order=3,
    start="violations:start",
    cost=_("Looking it up and objecting are free."),
)

NUMBERS = NumberKind(
    title=_("This looks like the number of a violation or warning"),
    text=_("It is no request. The page of violations looks for it, with the same four digits."),
    button=_("Look for it in Violations"),
    url=lambda _number: reverse("violations:start"),
    fields=("number", "last_four"),
)
