"""The licensed boards on a map and as a list, for everybody."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from licensing.signage import queries
from licensing.signage.api import IDENTIFIER
from licensing.signage.labels import kind_of, size_of
from licensing.signage.validity import licensed_on
from municipality.accounts.access import public
from municipality.kernel import clock
from municipality.places import queries as places
from municipality.rulebook.models import BoardClass, BoardMedium

PAGE_SIZE = 100  # boards of a page
_SAID = dict.fromkeys(("invalid", "invalid_choice"), _("Choose one from the list, or leave it open."))


class MapFilterForm(forms.Form):
    """What the map is narrowed down by."""

    area = forms.TypedChoiceField(label=_("Area"), coerce=int, required=False, error_messages=_SAID)
    board_class = forms.ChoiceField(label=_("Class"), choices=[("", _("All")), *BoardClass.choices], required=False, error_messages=_SAID)
    medium = forms.ChoiceField(label=_("Medium"), choices=[("", _("All")), *BoardMedium.choices], required=False, error_messages=_SAID)
    after = forms.RegexField(IDENTIFIER, widget=forms.HiddenInput, required=False, error_messages=_SAID)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        area: Any = self.fields["area"]
        area.choices = [("", _("All")), *places.grouped_areas()]


@public
@require_safe
def board_map(request: HttpRequest) -> HttpResponse:
    """Licensed boards by area with their numbers; of a chosen area one by one. A board whose licence has ended is not shown."""
    form = MapFilterForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    found = queries.narrowed(licensed_on(clock.today()), chosen)
    asked = {name: str(value) for name, value in chosen.items() if value and name != "after"}
    context: dict[str, Any] = {
        "form": form,
        "is_narrowed": bool(asked),
        "action": reverse("licensing:boards_map"),
        "crumbs": [(_("Licence for boards"), reverse("licensing:boards")), (_("Licensed boards"), "")],
        "areas": [],
        "boards": [],
        "older_url": "",
    }
    if chosen.get("area"):
        rows = queries.with_places(found).order_by("public_id")
        listed = list((rows.filter(public_id__gt=chosen["after"]) if chosen["after"] else rows)[: PAGE_SIZE + 1])
        context["boards"] = [(board, kind_of(board), size_of(board)) for board in listed[:PAGE_SIZE]]
        context["total"] = found.count()
        if len(listed) > PAGE_SIZE:
            context["older_url"] = f"?{urlencode({**asked, 'after': listed[PAGE_SIZE - 1].public_id})}"
    else:
        shop = "request__shop__area"
        counted = dict(found.order_by().values_list(shop).annotate(count=Count("pk")))
        areas = [(area, counted[area.pk], f"?{urlencode({**asked, 'area': area.pk})}") for area in places.areas() if area.pk in counted]
        context["areas"] = sorted(areas, key=lambda one: -one[1])
        context["total"] = sum(counted.values())
    return render(request, "licensing/boards/map.html", context, status=400 if form.errors else 200)
