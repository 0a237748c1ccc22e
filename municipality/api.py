"""The public interface, version 1: the service catalogue and the check of a document. Errors are problem+json (RFC 9457)."""

from __future__ import annotations

import threading
from typing import Any

from django.http import HttpRequest
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from municipality.accounts.access import public
from municipality.accounts.limits import Limit, LimitUsage, address_of
from municipality.cases import queries
from municipality.cases.catalogue import ServiceEntry, services, terms
from municipality.documents.services import look_up
from municipality.documents.views.public import CHECKS, SECONDS
from municipality.interface import NothingHere, PublicView, answers
from municipality.kernel import clock

DOCUMENT_STATES = ["valid", "not_yet", "expired", "suspended", "revoked", "superseded"]


class Schema(SpectacularAPIView):
    """The description of the interface, drawn by one thread at a time: drf-spectacular loads its extensions at the first use and is not
    prepared for two first uses at once.
    """

    permission_classes = (AllowAny,)
    authentication_classes = ()
    _one_at_a_time = threading.Lock()

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with self._one_at_a_time:
            response: Response = super().get(request, *args, **kwargs)
            return response


class FeeSerializer(serializers.Serializer[Any]):
    label_ar = serializers.CharField()
    label_en = serializers.CharField()
    fils = serializers.IntegerField(help_text="1,000 fils are one dinar.")
    article_ar = serializers.CharField()
    article_en = serializers.CharField()


class ServiceSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name_ar = serializers.CharField()
    name_en = serializers.CharField()
    is_open = serializers.BooleanField()
    fees = FeeSerializer(many=True)
    promised_working_days = serializers.IntegerField(allow_null=True)
    half_within_minutes = serializers.IntegerField(allow_null=True)
    ninety_percent_within_minutes = serializers.IntegerField(allow_null=True)


class CheckSerializer(serializers.Serializer[Any]):
    number = serializers.CharField()
    state = serializers.ChoiceField(DOCUMENT_STATES)
    valid_from = serializers.DateField(allow_null=True)
    valid_to = serializers.DateField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True, help_text="Of the exact signed file; null for a licence carried over from paper.")
    trade_name_ar = serializers.CharField()
    trade_name_en = serializers.CharField()


def _service(entry: ServiceEntry, figures: dict[str, Any]) -> dict[str, Any]:
    found = terms(entry, clock.today())
    figure = figures.get(entry.workflow)
    names = {}
    for language in ("ar", "en"):
        with translation.override(language):
            names[language] = str(entry.name)
    return {
        "code": entry.code,
        "name_ar": names["ar"],
        "name_en": names["en"],
        "is_open": entry.is_open and found.are_known,
        "fees": found.fees,
        "promised_working_days": found.promise_days,
        "half_within_minutes": figure.half if figure else None,
        "ninety_percent_within_minutes": figure.ninety if figure else None,
    }


class ServiceList(PublicView):
    @extend_schema(operation_id="services_list", responses=answers(ServiceSerializer(many=True)))
    def get(self, request: Request) -> Response:
        """Every service with its fees, promise and reality."""
        figures = queries.figures()
        return Response(ServiceSerializer([_service(entry, figures) for entry in services()], many=True).data)


class Verify(PublicView):
    max_age = 0

    def count(self, request: HttpRequest) -> LimitUsage:
        """The page for people and this one share a limit."""
        return Limit("verify", CHECKS, SECONDS).use(address_of(request))

    @extend_schema(operation_id="verify_retrieve", responses=answers(CheckSerializer, 404))
    def get(self, request: Request, code: str) -> Response:
        """The live state of a document by its code; no personal data, at most 30 a minute."""
        document = look_up(code)
        if document is None:
            raise NothingHere(_("No document has this code. Compare it with the document and type it again."))
        names = document.public_facts.get("trade_name", ["", ""])
        body = {
            "number": document.number,
            "state": document.live_state,
            "valid_from": document.valid_from,
            "valid_to": document.valid_to,
            "sha256": document.file.sha256 if document.file else None,
            "trade_name_ar": names[0],
            "trade_name_en": names[1],
        }
        return Response(CheckSerializer(body).data)


urlpatterns = [
    path("v1/services/", public(ServiceList.as_view()), name="api_services"),
    path("v1/verify/<str:code>", public(Verify.as_view()), name="api_verify"),
    path("schema/", public(Schema.as_view()), name="api_schema"),
]
