"""The entry of this service on the home page. It is not open yet."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.cases.catalogue import ServiceEntry

ZONING = ServiceEntry(
    code="zoning",
    icon="zoning",
    name=_("Zoning opinion"),
    summary=_("Is this activity allowed in this place? An instant answer, and a formal opinion where one is needed."),
    needs=_("The PACI number or a place on the map"),
    order=5,
    meanwhile=_("Until then apply at the municipal branch of the governorate."),
)
