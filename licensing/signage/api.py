"""Licensed boards in the public API, version 1."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.signage import queries
from licensing.signage.open_data import NAMES, YES_NO, names, row_of
from licensing.signage.validity import licensed_on
from municipality.accounts.access import public
from municipality.interface import PublicView, parameter, responses
from municipality.kernel import clock
from municipality.places import queries as places
from municipality.rulebook.models import BoardClass, BoardMedium

PAGE_SIZE = 100  # boards of an answer
IDENTIFIER = "^[0-9a-z]{26}$"


class BoardsFilterForm(forms.Form):
    """What a list of licensed boards is narrowed down by; all of it may be left out."""

    area = forms.ModelChoiceField(places.areas(), required=False)
    board_class = forms.ChoiceField(choices=[("", ""), *BoardClass.choices], required=False)
    medium = forms.ChoiceField(choices=[("", ""), *BoardMedium.choices], required=False)
    shop = forms.CharField(required=False, validators=[RegexValidator(IDENTIFIER)])
    after = forms.CharField(required=False, validators=[RegexValidator(IDENTIFIER)])


class LicensedBoardSerializer(serializers.Serializer[Any]):
    """A board that is licensed today, without its holder. Names of codes stand in both languages; coordinates are those of its shop."""

    id = serializers.CharField()
    number = serializers.CharField(help_text="That stands on the board.")
    shop = serializers.CharField(help_text="Id, as in /api/v1/shops/.")
    shop_ar = serializers.CharField()
    shop_en = serializers.CharField(help_text="May be empty.")
    class_ar = serializers.CharField()
    class_en = serializers.CharField()
    medium = serializers.ChoiceField(BoardMedium.values)
    medium_ar = serializers.CharField()
    medium_en = serializers.CharField()
    width_m = serializers.FloatField(allow_null=True, help_text="Null for what is counted in pieces.")
    height_m = serializers.FloatField(allow_null=True)
    faces = serializers.IntegerField()
    pieces = serializers.IntegerField()
    lit = serializers.ChoiceField(YES_NO)
    projection_m = serializers.FloatField(allow_null=True, help_text="How far it stands out from the wall; null where nobody stated it.")
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    governorate = serializers.CharField()
    governorate_ar = serializers.CharField()
    governorate_en = serializers.CharField()
    area = serializers.IntegerField()
    area_ar = serializers.CharField()
    area_en = serializers.CharField()
    block = serializers.CharField()
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    picture = serializers.URLField(allow_null=True, help_text="The cut of a photo with the board; null where it was not drawn on one.")
    page_ar = serializers.URLField()
    page_en = serializers.URLField()

    def get_fields(self) -> dict[str, Any]:
        """The fields in the order of the open data; `class` is no name that Python takes."""
        fields = {**super().get_fields(), "class": serializers.ChoiceField(BoardClass.values)}
        return {name: fields[name] for name in (*NAMES, "page_ar", "page_en")}


BoardPage = inline_serializer(
    "BoardPage",
    {
        "results": LicensedBoardSerializer(many=True),
        "total": serializers.IntegerField(help_text="How many licensed boards fit."),
        "next": serializers.CharField(allow_null=True, help_text="Address of the next page."),
    },
)


class BoardList(PublicView):
    names = ("area", "board_class", "medium", "shop", "after")

    @extend_schema(
        operation_id="boards_list",
        parameters=[
            parameter("area", "Code, as /api/v1/areas/ lists them."),
            OpenApiParameter("board_class", str, enum=BoardClass.values, description="By the table of fees."),
            OpenApiParameter("medium", str, enum=BoardMedium.values, description="By the table of fees."),
            parameter("shop", "Id, as in /api/v1/shops/.", {"type": "string", "pattern": IDENTIFIER}),
            parameter("after", "The id of the last board of the page before.", {"type": "string", "pattern": IDENTIFIER}),
        ],
        responses=responses(BoardPage),
    )
    def get(self, request: Request) -> Response:
        """Boards that are licensed today, a hundred a page; a board whose licence has ended is not among them."""
        given = self.read(BoardsFilterForm(request.query_params))
        found = queries.narrowed(licensed_on(clock.today()), given)
        page = queries.with_places(found).order_by("public_id")
        listed = list((page.filter(public_id__gt=given["after"]) if given["after"] else page)[: PAGE_SIZE + 1])
        words, results = names(), []
        for board in listed[:PAGE_SIZE]:
            pages = {f"page_{code}": f"{settings.PORTAL_URL}/{code}/boards/{board.public_id}/" for code in ("ar", "en")}
            results.append({**dict(zip(NAMES, row_of(board, words), strict=True)), **pages})
        asked = {name: request.query_params[name] for name in self.names if request.query_params.get(name) and name != "after"}
        query = urlencode({**asked, "after": listed[PAGE_SIZE - 1].public_id}) if len(listed) > PAGE_SIZE else ""
        next_url = f"{settings.PORTAL_URL}/api/v1/boards/?{query}" if query else None
        return Response({"results": results, "total": found.count(), "next": next_url})


urlpatterns = [path("v1/boards/", public(BoardList.as_view()), name="api_boards")]
