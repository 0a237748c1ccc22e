"""The register for machines: `/api/v1/shops/` searches shops, `/api/v1/shops/<id>/` has one with its history; lists of codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from municipality.accounts.limits import LimitUsage, count_read
from municipality.interface import NEAR, NothingHere, PublicView, parameter, responses
from municipality.places.models import Area, Governorate
from municipality.rulebook.models import Activity
from shops.hours.status import cache_seconds
from shops.models import EventKind, LicenceState, Shop
from shops.open_data.table import SHOP_STATES
from shops.register import queries
from shops.register.addresses import address_of
from shops.register.freshness import freshness
from shops.register.limits import SEARCHES, SECONDS
from shops.search import results
from shops.search.forms import LICENCES, ShopSearchForm
from shops.search.queries import search_shops

PAGE_SIZE = 100  # codes a page
EVENTS = 200  # of one shop, newest first
FLAGS = ("1", "0", "true", "false")


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
    state = serializers.ChoiceField(SHOP_STATES)
    health_licence = serializers.ChoiceField(LicenceState.values, source="licence")
    health_licence_end = serializers.DateField(source="licence_end", allow_null=True)
    opening_hours = serializers.CharField(
        help_text="As the shop states them, in the opening_hours syntax of OpenStreetMap; empty where it states none."
    )
    opening_hours_ramadan = serializers.CharField(help_text="The same for Ramadan, where it states others.")
    hours_stated_at = serializers.DateTimeField(allow_null=True)
    open_now = serializers.BooleanField(
        allow_null=True,
        help_text="By the hours it states, at the moment of the answer; null where they are not known or the shop does not stand open.",
    )
    open_now_until = serializers.DateTimeField(allow_null=True, help_text="When `open_now` changes; null where it does not within a week.")
    distance_km = serializers.FloatField(allow_null=True)


def shops_as_data(lines: Iterable[results.ResultLine]) -> list[Any]:
    """Lines as JSON. One serializer for all: creating its 26 fields takes longer than reading ten shops with them."""
    return [_ONE.to_representation(line) for line in lines]


_ONE = ShopSerializer()


class FormerNameSerializer(serializers.Serializer[Any]):
    name_ar = serializers.CharField()
    name_en = serializers.CharField()
    first_day = serializers.DateField(allow_null=True)
    last_day = serializers.DateField()


class EventSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(EventKind.choices, source="kind")
    on = serializers.DateField()
    data = serializers.DictField(help_text="Before and after, where the event changed a name, an activity or an address.")


class WholeShopSerializer(ShopSerializer):
    """The same with its timeline."""

    opened_on = serializers.DateField(source="shop.opened_on", allow_null=True)
    suspended_on = serializers.DateField(source="shop.suspended_on", allow_null=True)
    closed_on = serializers.DateField(source="shop.closed_on", allow_null=True)
    former_names = FormerNameSerializer(many=True)
    events = EventSerializer(many=True, help_text=f"Newest first, at most {EVENTS}.")
    as_of = serializers.DateTimeField(source="shop.facts_at", help_text="When the commercial register last said so.")
    page_ar = serializers.URLField()
    page_en = serializers.URLField()


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


class StrictAskForm(ShopSearchForm):
    """The form of the page, without its leniency."""

    open = forms.ChoiceField(required=False, choices=[("", ""), *((flag, flag) for flag in FLAGS)])  # type: ignore[assignment]
    open_now = forms.ChoiceField(required=False, choices=[("", ""), *((flag, flag) for flag in FLAGS)])  # type: ignore[assignment]

    def clean_open(self) -> bool:
        return self.cleaned_data["open"] in ("1", "true")

    def clean_open_now(self) -> bool:
        return self.cleaned_data["open_now"] in ("1", "true")


class ShopSearch(PublicView):
    names = ("q", "governorate", "area", "activity", "licence", "open", "open_now", "near", "after")
    may_be_empty = frozenset({"q"})

    def count(self, request: HttpRequest) -> LimitUsage:
        """Shares its limit with the search page."""
        return count_read(request, "shop_search", limit=SEARCHES, seconds=SECONDS)

    @extend_schema(
        operation_id="shops_search",
        parameters=[
            parameter("q", "Name in any spelling, place, or the beginning of a number.", {"maxLength": 200, "pattern": r"^[^\x00]*$"}),
            parameter("governorate", "Code, as /api/v1/governorates/ lists them."),
            parameter("area", "Code, as /api/v1/areas/ lists them."),
            parameter("activity", "Code, as /api/v1/activities/ lists them."),
            OpenApiParameter(
                "licence",
                str,
                enum=[value for value, _label in LICENCES if value],
                description="Of the health licence. `elsewhere`: another authority licenses the activity; no other value finds them.",
            ),
            OpenApiParameter("open", str, enum=FLAGS, description="`1`: neither closed for good nor suspended."),
            OpenApiParameter("open_now", str, enum=FLAGS, description="`1`: open at this moment, by the hours that the shop states."),
            parameter("near", "Latitude and longitude in Kuwait, WGS 84: `29.3759,47.9774`.", {"type": "string", "pattern": NEAR}),
            parameter("after", "From `next` of the page before."),
        ],
        responses=responses(ShopPage, 503),
    )
    def get(self, request: Request) -> Response:
        """Find shops in any spelling, best first, twenty a page."""
        form = StrictAskForm(request.query_params)
        self.read(form)
        answer, fresh = search_shops(form.query()), freshness()
        parameters = {name: request.query_params[name] for name in self.names if request.query_params.get(name) and name != "after"}
        return Response(
            {
                "results": shops_as_data(results.rows(answer)),
                "total": answer.total,
                "more_than_total": answer.is_more,
                "did_you_mean": answer.meant,
                "left_out": answer.left_out,
                "as_of": fresh.as_of,
                "stale": fresh.is_stale,
                "next": f"{settings.PORTAL_URL}/api/v1/shops/?{urlencode({**parameters, 'after': answer.after})}" if answer.after else None,
            },
            headers=_cache_headers(self.max_age),
        )


def _cache_headers(max_seconds: int) -> dict[str, str]:
    """Headers of an answer with "open now", which is cached until the end of the quarter of an hour at most."""
    return {"Cache-Control": f"public, max-age={cache_seconds(max_seconds)}"}


class OneShop(PublicView):
    @extend_schema(operation_id="shops_retrieve", responses=responses(WholeShopSerializer, 404))
    def get(self, request: Request, public_id: str) -> Response:
        """One shop with its earlier names and what happened to it, open, suspended or closed; without its holder."""
        shop = queries.public_shop(public_id)
        if shop is None:
            raise NothingHere(_("No shop has this id. Ids stand in the results of /api/v1/shops/."))
        return Response(WholeShopSerializer(_Whole(shop)).data, headers=_cache_headers(self.max_age))


class _Whole:
    """What the serializer reads of one shop."""

    def __init__(self, shop: Shop) -> None:
        self._line = results.line_of(shop)
        self.former_names = list(shop.former_names.order_by("-last_day", "-pk"))
        self.events = list(shop.events.order_by("-on", "-pk")[:EVENTS])
        self.page_ar, self.page_en = (f"{settings.PORTAL_URL}{address_of(shop, language)}" for language in ("ar", "en"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)


class CodesForm(forms.Form):
    after = forms.CharField(required=False, max_length=20)


class AreasForm(forms.Form):
    governorate = forms.CharField(required=False, max_length=20)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)

    def clean_governorate(self) -> str:
        code: str = self.cleaned_data["governorate"]
        if code and not Governorate.objects.filter(pk=code).exists():
            raise forms.ValidationError(_("Choose one from the list, or leave it open."))
        return code


class AreaSerializer(NamedSerializer):
    governorate = serializers.CharField(source="governorate_id")
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)


class GovernorateSerializer(NamedSerializer):
    iso = serializers.CharField(help_text="ISO 3166-2.")


def _page_of(name: str, serializer: Any) -> Any:
    fields = {"results": serializer(many=True), "next": serializers.CharField(allow_null=True, help_text="Address of the next page.")}
    return inline_serializer(name, fields)


class _Codes(PublicView):
    """A list of codes in their order."""

    max_age = 3600
    path = ""
    serializer: Any = NamedSerializer

    def page(self, rows: QuerySet[Any], filters: dict[str, Any]) -> Response:
        after = filters.pop("after", None)
        results = list(rows.filter(pk__gt=after)[: PAGE_SIZE + 1] if after else rows[: PAGE_SIZE + 1])
        listed = results[:PAGE_SIZE]
        query = urlencode({**{name: value for name, value in filters.items() if value}, "after": listed[-1].pk if listed else ""})
        next_url = f"{settings.PORTAL_URL}{self.path}?{query}" if len(results) > PAGE_SIZE else None
        return Response({"results": self.serializer(listed, many=True).data, "next": next_url})


AFTER = {"type": "string", "minLength": 1, "maxLength": 20, "pattern": r"^[^\x00]*$"}


class ActivityList(_Codes):
    names, path = ("after",), "/api/v1/activities/"

    @extend_schema(
        operation_id="activities_list",
        parameters=[parameter("after", "The last code of the page before.", AFTER)],
        responses=responses(_page_of("ActivityPage", NamedSerializer)),
    )
    def get(self, request: Request) -> Response:
        """What shops do, by code."""
        return self.page(Activity.objects.order_by("code"), self.read(CodesForm(request.query_params)))


class AreaList(_Codes):
    names, path, serializer = ("governorate", "after"), "/api/v1/areas/", AreaSerializer

    @extend_schema(
        operation_id="areas_list",
        parameters=[
            parameter("governorate", "Code, as /api/v1/governorates/ lists them."),
            parameter("after", "The last code of the page before.", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}),
        ],
        responses=responses(_page_of("AreaPage", AreaSerializer)),
    )
    def get(self, request: Request) -> Response:
        """Areas with their governorate, by code."""
        given = self.read(AreasForm(request.query_params))
        rows = Area.objects.order_by("pk")
        return self.page(rows.filter(governorate=given["governorate"]) if given["governorate"] else rows, given)


class GovernorateList(_Codes):
    serializer = GovernorateSerializer

    @extend_schema(operation_id="governorates_list", responses=responses(_page_of("GovernoratePage", GovernorateSerializer)))
    def get(self, request: Request) -> Response:
        """The six governorates."""
        return self.page(Governorate.objects.order_by("code"), {})
