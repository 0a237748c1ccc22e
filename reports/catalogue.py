"""The entry of this service on the home page. It is not open yet."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.cases.catalogue import ServiceEntry

REPORTS = ServiceEntry(
    code="reports",
    icon="eye",
    name=_("Eye of Kuwait"),
    summary=_("A photo, a place and a kind, in less than a minute. The inspector does not see who reported."),
    needs=_("One photo at least"),
    order=6,
)
