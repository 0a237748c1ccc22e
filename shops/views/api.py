"""`/api/v1/shops/`: the search as machines read it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from municipality.accounts.limits import pace
from municipality.kernel.errors import Refused
from shops import found
from shops.forms import AskForm
from shops.freshness import freshness
from shops.models import LicenceState
from shops.search.asking import ask
from shops.views.public import SEARCHES, SECONDS


class NamedSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(source="pk")
    name_ar = serializers.CharField()
    name_en = serializers.CharField()


class ShopSerializer(serializers.Serializer[Any]):
    """A shop without its holder. Coordinates are WGS 84."""

    id = serializers.CharField(source="shop.public_id", help_text="Stays the same when the shop is renamed, moved or closed.")
    name_ar = serializers.CharField(source="shop.name_ar")
    name_en = serializers.CharField(source="shop.name_en", help_text="May be empty.")
    activity = NamedSerializer(source="shop.activity")
    governorate = NamedSerializer(source="shop.area.governorate")
    area = NamedSerializer(source="shop.area")
    block = serializers.CharField(source="shop.block")
    street = serializers.CharField(source="shop.street")
    building = serializers.CharField(source="shop.building")
    plot = serializers.CharField(source="shop.plot")
    floor = serializers.CharField(source="shop.floor")
    unit = serializers.CharField(source="shop.unit")
    paci_number = serializers.CharField(source="shop.paci_number")
    commercial_license_no = serializers.CharField(source="shop.commercial_license_no")
    commercial_registration_no = serializers.CharField(source="shop.commercial_registration_no")
    latitude = serializers.FloatField(source="shop.latitude", allow_null=True)
    longitude = serializers.FloatField(source="shop.longitude", allow_null=True)
    state = serializers.ChoiceField(["open", "suspended", "closed"])
    health_licence = serializers.ChoiceField(LicenceState.choices, source="licence")
    health_licence_end = serializers.DateField(source="licence_end", allow_null=True)
    distance_km = serializers.FloatField(source="away", allow_null=True)


ShopPage = inline_serializer(
    "ShopPage",
    {
        "results": ShopSerializer(many=True),
        "total": serializers.IntegerField(help_text="How many fit; at least so many where `more_than_total` is true."),
        "more_than_total": serializers.BooleanField(),
        "did_you_mean": serializers.CharField(help_text="What was searched for instead of a word that no shop has; else empty."),
        "left_out": serializers.ListField(child=serializers.CharField(), help_text="Words that no shop has together with the others."),
        "as_of": serializers.DateTimeField(allow_null=True, help_text="When the register's periodic work last ended well; null if never."),
        "stale": serializers.BooleanField(help_text="True where that is so long ago that the answer may not be trusted."),
        "next": serializers.CharField(allow_null=True, help_text="Address of the next page."),
    },
)
Problem = inline_serializer(
    "SearchProblem",
    {
        "type": serializers.CharField(),
        "title": serializers.CharField(),
        "status": serializers.IntegerField(),
        "code": serializers.CharField(),
    },
)
PROBLEM = OpenApiResponse(Problem)
FILTERS = ("governorate", "area", "activity", "licence", "open", "near")


class TooFast(Refused):
    status = 429

    def __init__(self) -> None:
        super().__init__("too_often", _("Too many searches from here. Wait a minute and try again."))


class BadFilter(Refused):
    status = 400

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__("bad_filter", f"{name}: {sentence}")


@extend_schema(methods=["HEAD"], exclude=True)
@extend_schema(
    methods=["GET"],
    operation_id="shops_search",
    parameters=[
        OpenApiParameter("q", OpenApiTypes.STR, description="Name in any spelling, place, or the beginning of a number."),
        OpenApiParameter("governorate", OpenApiTypes.STR, description="Code, such as HA."),
        OpenApiParameter("area", OpenApiTypes.STR, description="Code of an area as the results name it."),
        OpenApiParameter("activity", OpenApiTypes.STR, description="Code of an activity as the results name it."),
        OpenApiParameter("licence", OpenApiTypes.STR, enum=[value for value, _label in LicenceState.choices]),
        OpenApiParameter("open", OpenApiTypes.STR, description="`1`: only shops that are open."),
        OpenApiParameter("near", OpenApiTypes.STR, description="Latitude and longitude in Kuwait, WGS 84: `29.3759,47.9774`."),
        OpenApiParameter("after", OpenApiTypes.STR, description="From `next` of the page before."),
    ],
    responses={
        200: ShopPage,
        (400, "application/problem+json"): PROBLEM,
        (429, "application/problem+json"): PROBLEM,
        (503, "application/problem+json"): PROBLEM,
    },
)
@api_view(["GET", "HEAD"])
@authentication_classes([])
@permission_classes([AllowAny])
def shop_search(request: Request) -> Response:
    """Find shops in any spelling, best first, twenty a page."""
    if not pace(request._request, "shop_search", limit=SEARCHES, seconds=SECONDS):
        raise TooFast
    form = AskForm(request.query_params)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise BadFilter(name, str(errors[0]))
    answer, fresh = ask(form.asked()), freshness()
    given = {name: request.query_params[name] for name in ("q", *FILTERS) if request.query_params.get(name)}
    return Response(
        {
            "results": ShopSerializer(found.rows(answer), many=True).data,
            "total": answer.total,
            "more_than_total": answer.is_more,
            "did_you_mean": answer.meant,
            "left_out": answer.left_out,
            "as_of": fresh.as_of,
            "stale": fresh.is_stale,
            "next": f"{settings.PORTAL_URL}/api/v1/shops/?{urlencode({**given, 'after': answer.after})}" if answer.after else None,
        }
    )
