"""Plots in the public API, version 1: find a plot, and what is known about it on a day."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.urls import path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from municipality.accounts.access import public
from municipality.interface import NEAR, NothingHere, PublicView, parameter, responses
from municipality.kernel import clock
from municipality.places import queries as places
from zoning.extract.contents import facts_of
from zoning.extract.forms import ExtractForm
from zoning.models import Plot
from zoning.plots import queries
from zoning.plots.forms import NumberField, PlotPaciForm, PlotPlaceForm, PlotTextForm
from zoning.plots.search import MOST_FOUND, find_by_text
from zoning.plots.summary import summary

MOST = 200  # plots of an answer
_OWN = ("uuid", "issued_at")  # facts of an extract that a question has not

TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
BLOCK, NUMBER = "^[0-9A-Za-z/-]{1,10}$", "^[0-9A-Za-z/-]{1,20}$"


class PlotsForm(PlotTextForm, PlotPaciForm, PlotPlaceForm):
    """Every way to find a plot; all are optional."""

    area = forms.ModelChoiceField(places.areas())
    block = NumberField(max_length=10, validators=[RegexValidator(BLOCK)])
    number = NumberField(max_length=20, validators=[RegexValidator(NUMBER)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False


PlotList = inline_serializer(
    "PlotList",
    {
        "results": inline_serializer(
            "PlotOfList",
            {
                "id": serializers.CharField(),
                "area": serializers.IntegerField(),
                "block": serializers.CharField(),
                "number": serializers.CharField(),
                "official_area_m2": serializers.FloatField(allow_null=True),
                "valid_from": serializers.DateField(),
                "valid_to": serializers.DateField(allow_null=True, help_text="The first day on which the plot does not exist any more."),
                "successors": serializers.ListField(child=serializers.CharField(), help_text="Ids of the plots that it has become."),
                "page_ar": serializers.URLField(),
                "page_en": serializers.URLField(),
            },
            many=True,
        ),
        "more": serializers.BooleanField(help_text=f"Whether there are more than {MOST}, or of a text than {MOST_FOUND}."),
        "notes": serializers.ListField(
            child=serializers.CharField(),
            help_text="What of a text was not understood or is not known, in the language of Accept-Language.",
        ),
    },
)


def _plot(row: Plot) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "area": row.area_id,
        "block": row.block,
        "number": row.number,
        "official_area_m2": row.official_area / 100 if row.official_area is not None else None,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "successors": [one.public_id for one in queries.present(row)] if row.valid_to is not None else [],
        **{f"page_{language}": f"{settings.PORTAL_URL}/{language}/plots/{row.public_id}/" for language in ("ar", "en")},
    }


class PlotSearch(PublicView):
    names = ("q", "area", "block", "number", "paci_number", "near")

    @extend_schema(
        operation_id="plots_search",
        parameters=[
            parameter("q", "An address as people write it, in Arabic or English, a PACI number or a former number of a plot.", TEXT),
            parameter("area", "Code, as /api/v1/areas/ lists them; `block` and `number` are those of this area."),
            parameter("block", "Number of the block.", {"type": "string", "pattern": BLOCK}),
            parameter("number", "Number of the plot; with area and block former ones too.", {"type": "string", "pattern": NUMBER}),
            parameter("paci_number", "PACI address number.", {"type": "string", "pattern": "^[0-9]{8}$"}),
            parameter("near", "Latitude and longitude in Kuwait, WGS 84: `29.3759,47.9774`.", {"type": "string", "pattern": NEAR}),
        ],
        responses=responses(PlotList),
    )
    def get(self, request: Request) -> Response:
        """Find plots at a place, else by a PACI number, else by a text, else in an area; none without one of these.

        The present plot of a number comes first.
        """
        asked, today = self.read(PlotsForm(request.query_params)), clock.today()
        notes: list[str] = []
        is_more = False
        if asked["near"] or asked["paci_number"]:
            found = queries.find(near=asked["near"] or None, paci_number=asked["paci_number"], day=today, most=MOST + 1)
        elif asked["q"]:
            said = find_by_text(asked["q"])
            found, is_more, notes = said.plots, said.is_more, [str(note) for note in said.notes]
            if said.level is not None:
                found = queries.in_area(said.level[0], block=said.level[1], most=MOST + 1)
        elif asked["area"] and asked["block"] and asked["number"]:
            found = queries.by_number(asked["area"], asked["block"], asked["number"])
        else:
            area = {name: asked[name] for name in ("area", "block", "number")}
            found = queries.in_area(**area, most=MOST + 1) if asked["area"] else []
        return Response({"results": [_plot(row) for row in found[:MOST]], "more": is_more or len(found) > MOST, "notes": notes})


class OnePlot(PublicView):
    names = ("on", "activity", "floor")

    @extend_schema(
        operation_id="plots_retrieve",
        parameters=[
            parameter("on", "The day whose layers and rules are asked for; without it today.", {"type": "string", "format": "date"}),
            parameter("activity", "Code, as /api/v1/activities/ lists them: whether it may open here."),
            parameter("floor", "0 is the ground floor, -1 the basement.", {"type": "integer", "minimum": -1, "maximum": 40}),
        ],
        responses=responses(OpenApiTypes.OBJECT, 404),
    )
    def get(self, request: Request, public_id: str) -> Response:
        """What is known about a plot: layers with article and version, building limits, and the answer to a question; no owner.

        The members are those of an extract (`/zoning/extracts/<uuid>/extract.json`), which is sealed and kept.
        """
        row = queries.by_public_id(public_id)
        if row is None:
            raise NothingHere(_("No plot has this id. Ids stand in the results of /api/v1/plots/."))
        form = ExtractForm(request.query_params)
        self.read(form)
        day, question = form.asked()
        found = summary(row, day or clock.today(), question)
        if found.shape is None:
            raise NothingHere(_("The plan of this plot is not in the portal."))
        facts = facts_of(found, question).dump()
        return Response({**_plot(row), **{key: value for key, value in facts.items() if key not in _OWN}})


urlpatterns = [
    path("v1/plots/", public(PlotSearch.as_view()), name="api_plots"),
    path("v1/plots/<slug:public_id>/", public(OnePlot.as_view()), name="api_plot"),
]
