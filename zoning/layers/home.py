"""Versions and repeals that wait for a second person, for the menu and the first page of staff."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.kernel import request_cache
from municipality.ui.staff_home import ROWS, Row
from municipality.ui.templatetags.portal import bilingual, term
from zoning.layers.queries import announced
from zoning.models import LayerRepeal, LayerVersion


def _repeals() -> QuerySet[LayerRepeal]:
    return LayerRepeal.objects.filter(event__isnull=True, refused_by__isnull=True, version__valid_to__isnull=True)


def _versions() -> QuerySet[LayerVersion]:
    return LayerVersion.objects.filter(announced(), load__isnull=False)


def waiting_count(request: HttpRequest) -> int:
    """How many versions and repeals wait."""
    waiting = _versions().order_by().values("pk").union(_repeals().order_by().values("pk"), all=True)
    return request_cache.get_or_set("waiting_layers", waiting.count)


def waiting_rows() -> list[Row]:
    """The first of them, as rows of the first page."""
    state = ("warn", _("Waiting for a second person"))
    found = [
        (_("Version of a layer"), row, row.load.loaded_by)
        for row in _versions().select_related("layer", "load__loaded_by")[:ROWS]
        if row.load
    ]
    repeals = _repeals().select_related("version__layer", "asked_by")[:ROWS]
    found += [(_("Repeal of a version of a layer"), row.version, row.asked_by) for row in repeals]
    return [
        Row(
            bilingual(version.layer, "name"),
            reverse("admin:plot_layer_version", args=[version.layer_id, version.number]),
            kind,
            term(bilingual(person, "name")),
            state,
        )
        for kind, version, person in found
    ]
