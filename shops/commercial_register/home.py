"""The commercial register in the menu and on the first page of staff."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.ui import staff_menu
from municipality.ui.admin_base import in_group
from municipality.ui.staff_home import HomeNotice, HomePart
from municipality.ui.staff_menu import StaffEntry
from shops.commercial_register import queries
from shops.models.commercial_register import KEEPER, CommercialDifference, DifferenceState

READERS = (KEEPER, "auditor")


def _waiting(request: HttpRequest) -> int | None:
    """How many differences wait for a keeper."""
    return CommercialDifference.objects.filter(state=DifferenceState.OPEN).count() if in_group(request, KEEPER) else None


def home(request: AuthenticatedHttpRequest) -> HomePart:
    """For keepers, that the commercial register does not answer."""
    outage = queries.outage() if in_group(request, KEEPER) else None
    if outage is None:
        return HomePart()
    title, page = _("The commercial register does not answer"), reverse("admin:commercial")
    return HomePart(notices=[HomeNotice(title, outage.get_code_display(), page, _("Work list of the commercial register"), "bad")])


staff_menu.register(
    "commercial_register",
    StaffEntry(
        "register",
        _("Work list of the commercial register"),
        "admin:commercial",
        READERS,
        count=_waiting,
        tile=_("differences that wait for a person"),
        tone="warn",
    ),
)
