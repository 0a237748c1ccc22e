"""The entry of this service on the home page."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.cases.catalogue import ServiceEntry

ZONING = ServiceEntry(
    code="zoning",
    icon="zoning",
    name=_("Zoning opinion"),
    summary=_("Is this activity allowed in this place? An instant answer, and a formal opinion where one is needed."),
    needs=_("The PACI number, the number of the plot, or a place on the map"),
    order=5,
    start="zoning:find",
    cost=_("The instant answer and the extract are free."),
)
