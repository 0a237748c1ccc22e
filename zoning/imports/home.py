"""Files of plots in the menu and on the first page of staff."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.imports import services as imports
from municipality.kernel import request_cache
from municipality.ui import staff_menu
from municipality.ui.admin_base import in_group
from municipality.ui.staff_home import ROWS, HomePart, Next, Row, Work
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.templatetags.portal import bilingual, term
from zoning.imports.roles import CLERK, PLANNER
from zoning.layers.home import waiting_rows as waiting_layers
from zoning.models import LoadUndo


def _waiting(request: HttpRequest) -> int:
    waiting = imports.waiting("plots").order_by().values("pk").union(_asked().values("pk"), all=True)
    return request_cache.get_or_set("waiting_plots", waiting.count)


def _asked() -> QuerySet[LoadUndo]:
    return LoadUndo.objects.filter(event__isnull=True, refused_at__isnull=True)


def home(request: AuthenticatedHttpRequest) -> HomePart:
    """Files, undoings, versions of layers and repeals that wait for a second person."""
    if not in_group(request, CLERK, PLANNER):
        return HomePart()
    state = ("warn", _("Waiting for a second person"))
    files = imports.waiting("plots").select_related("loaded_by").order_by("pk")[:ROWS]
    rows = [
        Row(
            term(row.name),
            reverse("admin:plot_file", args=[row.public_id]),
            _("File of plots"),
            term(bilingual(row.loaded_by, "name")),
            state,
        )
        for row in files
    ]
    for undo in _asked().select_related("file", "asked_by").order_by("pk")[:ROWS]:
        url = reverse("admin:plot_undo", args=[undo.file.public_id])
        rows.append(Row(term(undo.file.name), url, _("Undoing of a load"), term(bilingual(undo.asked_by, "name")), state))
    rows += waiting_layers()
    nothing = _("No layer and no file of plots waits for a second person.")
    label, page = _("Plots"), reverse("admin:plot_files")
    if in_group(request, PLANNER):
        first = rows[0] if rows else None
        offer = (
            Next(label, first.title, first.note, _("Check the next one"), first.url)
            if first
            else Next(label, nothing, "", _("Files of plots"), page, waits=False)
        )
    else:
        offer = Next(label, _("A second person checks what waits.") if rows else nothing, "", _("Load a file of plots"), page)
    return HomePart(offer, [Work(_("Waiting for a second person"), rows, empty=nothing)])


staff_menu.register(
    "zoning",
    StaffEntry(
        "plots",
        _("Files of plots"),
        "admin:plot_files",
        (CLERK, PLANNER),
        count=_waiting,
        tile=_("wait for a second person"),
        tone="warn",
    ),
)
