"""The entry of this service on the home page."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.cases.catalogue import ServiceEntry

SHOPS = ServiceEntry(
    code="shops",
    icon="shop",
    name=_("Find a shop"),
    summary=_("Search every shop in Kuwait: where it is, what it does and whether its licence is valid. Spelling need not be exact."),
    needs=_("The name or the licence number"),
    order=4,
    start="shops:search",
    cost=_("Free, without signing in."),
)
