"""`/api/v1/changes/`, `/api/v1/open-data/` and `/api/v1/catalog/`: changes, files and the catalogue."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from municipality.interface import BadParameters, PublicView, parameter, responses
from shops.models import EventKind
from shops.models.open_data import OTHER_TYPES, Change
from shops.open_data import catalogue, feed, table
from shops.open_data.dictionary import in_both_languages, listing

SIZE = 200
_FIELDS: dict[str, Any] = {
    "text": serializers.CharField,
    "integer": serializers.IntegerField,
    "number": serializers.FloatField,
    "day": serializers.DateField,
}


def _serializer(field: table.DatasetField) -> Any:
    options = {"help_text": in_both_languages(field.label)["en"], "allow_null": field.may_be_null}
    return serializers.ChoiceField(list(field.choices), **options) if field.choices else _FIELDS[field.kind](**options)


def row_serializer(*, allow_null: bool = False) -> Any:
    """A row of the files, from the same table."""
    return inline_serializer("PublishedShop", {field.name: _serializer(field) for field in table.FIELDS}, allow_null=allow_null)


class ChangeSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField([*EventKind.choices, *OTHER_TYPES.items()], source="kind")
    id = serializers.SerializerMethodField(help_text="Of the shop.")
    on = serializers.DateField(help_text="The day on which it happened.")
    at = serializers.DateTimeField(help_text="When it was written down.")
    data = serializers.DictField(help_text="Before and after, where the event has them.")
    shop = row_serializer(allow_null=True)
    cursor = serializers.SerializerMethodField(help_text="The place behind this change.")

    def get_id(self, change: Change) -> str:
        return str(change.row["id"])

    def get_cursor(self, change: Change) -> str:
        return feed.token_of(change.number)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        # The row is returned as it was published.
        names = [name for name in self.fields if name != "shop"]
        data = {name: self.fields[name].to_representation(self.fields[name].get_attribute(instance)) for name in names}
        return {**data, "shop": None if instance.row.get("gone") else instance.row}


ChangePage = inline_serializer(
    "ChangePage",
    {
        "results": ChangeSerializer(many=True),
        "more": serializers.BooleanField(help_text="Whether there is a further page now."),
        "cursor": serializers.CharField(help_text="Give it as `since` the next time, also days later."),
        "next": serializers.CharField(help_text="Address of what follows; asked again later where there is nothing yet."),
    },
)


class SinceForm(forms.Form):
    since = forms.CharField(required=False, max_length=200)


class Changes(PublicView):
    names = ("since",)
    max_age = 10

    @extend_schema(
        operation_id="changes_list",
        parameters=[parameter("since", "`cursor` of an answer or of a file; from the first change on without it.")],
        responses=responses(ChangePage),
    )
    def get(self, request: Request) -> Response:
        """What changed in the register, in an order that never changes: whoever follows `next` misses nothing and sees nothing twice.

        `shop` is what is published of the shop from then on: put in place of the row with its `id`, it brings a file up to date.
        Where it is null, another entry stands for the shop, and the row is taken away.
        """
        given = self.read(SinceForm(request.query_params))
        try:
            place = feed.number_of(given["since"])
        except feed.BadFeedCursor as bad:
            raise BadParameters({"since": bad.sentence}, bad.code) from bad
        found = feed.after(place, SIZE + 1)
        shown = found[:SIZE]
        cursor = feed.token_of(shown[-1].number if shown else place)
        following = f"{settings.PORTAL_URL}/api/v1/changes/?{urlencode({'since': cursor})}"
        answer = Response(
            {"results": ChangeSerializer(shown, many=True).data, "more": len(found) > SIZE, "cursor": cursor, "next": following}
        )
        answer["Link"] = f'<{following}>; rel="next"'
        return answer


class FileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    format = serializers.ChoiceField(["csv", "jsonl", "geojson"])
    media_type = serializers.CharField()
    is_compressed = serializers.BooleanField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    url = serializers.URLField(help_text="Always the newest.")
    edition_url = serializers.URLField(help_text="These very bytes, for some days.")
    schema = serializers.URLField(help_text="JSON schema of the file, or of each of its rows.")


class ColumnSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.ChoiceField(["text", "integer", "number", "day", "choice"])
    nullable = serializers.BooleanField()
    choices = serializers.ListField(child=serializers.CharField())
    label_ar = serializers.CharField()
    label_en = serializers.CharField()
    note_ar = serializers.CharField()
    note_en = serializers.CharField()


class SetSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Begins the names of its files. A new set may come.")
    title_ar = serializers.CharField()
    title_en = serializers.CharField()
    about_ar = serializers.CharField()
    about_en = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True)
    stale = serializers.BooleanField(help_text="Whether a night has failed.")
    rows = serializers.IntegerField()
    cursor = serializers.CharField(allow_null=True, help_text="Give it as `since` to the feed of changes; null where `changes` is.")
    changes = serializers.URLField(allow_null=True, help_text="The feed that tells of its rows; null where the set is replaced whole.")
    files = FileSerializer(many=True)
    dictionary = ColumnSerializer(many=True)


class ListingSerializer(serializers.Serializer[Any]):
    licence = serializers.URLField()
    sets = SetSerializer(many=True)


class OpenData(PublicView):
    @extend_schema(operation_id="open_data_retrieve", responses=responses(ListingSerializer))
    def get(self, request: Request) -> Response:
        """The sets of the open data: the files of the night with size, rows and hash, and what each column means."""
        return Response(ListingSerializer(listing()).data)


class LinkedRenderer(JSONRenderer):
    """JSON-LD, or plain JSON by content negotiation."""

    media_type = "application/ld+json"
    format = "jsonld"


class Catalogue(PublicView):
    renderer_classes: ClassVar[Any] = [LinkedRenderer, JSONRenderer]
    max_age = 3600

    @extend_schema(
        operation_id="catalog_retrieve",
        responses={
            (200, "application/ld+json"): {"type": "object", "required": ["@context", "@id", "@type"]},
            (200, "application/json"): {"type": "object", "required": ["@context", "@id", "@type"]},
            **{status: answer for status, answer in responses(None).items() if status != 200},
        },
    )
    def get(self, request: Request) -> Response:
        """The catalogue of the open data, DCAT-AP 3 as JSON-LD."""
        return Response(catalogue.catalogue())
