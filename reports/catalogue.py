"""The entry of this service on the home page. It is not open yet."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.cases.catalogue import ServiceEntry

REPORTS = ServiceEntry(
    code="reports",
    icon="eye",
    name=_("Eye of Kuwait"),
    summary=_("Report a problem in less than a minute: a photo, the place and what it is. Inspectors do not see who reported it."),
    needs=_("At least one photo"),
    order=6,
    meanwhile=_("Until then call the hotline, day and night."),
)
