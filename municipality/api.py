"""The public interface, version 1: the service catalogue and the check of a document. Errors are problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from municipality.accounts.access import public
from municipality.accounts.limits import spend
from municipality.cases import queries
from municipality.cases.catalogue import ServiceEntry, services, terms
from municipality.documents.services import look_up
from municipality.kernel import clock
from municipality.kernel.errors import Refused


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
    state = serializers.ChoiceField(["valid", "not_yet", "expired", "suspended", "revoked", "superseded"])
    valid_from = serializers.DateField(allow_null=True)
    valid_to = serializers.DateField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True, help_text="Of the exact signed file; null for a licence carried over from paper.")
    trade_name_ar = serializers.CharField()
    trade_name_en = serializers.CharField()


Problem = inline_serializer(
    "Problem",
    {
        "type": serializers.CharField(),
        "title": serializers.CharField(),
        "status": serializers.IntegerField(),
        "code": serializers.CharField(),
    },
)


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


@extend_schema(methods=["HEAD"], exclude=True)
@extend_schema(methods=["GET"], responses=ServiceSerializer(many=True), operation_id="services_list")
@api_view(["GET", "HEAD"])
@authentication_classes([])
@permission_classes([AllowAny])
def service_list(request: Request) -> Response:
    """Every service with its fees, promise and reality."""
    figures = queries.figures()
    return Response(ServiceSerializer([_service(entry, figures) for entry in services()], many=True).data)


@extend_schema(methods=["HEAD"], exclude=True)
@extend_schema(
    methods=["GET"],
    responses={
        200: CheckSerializer,
        (404, "application/problem+json"): OpenApiResponse(Problem),
        (429, "application/problem+json"): OpenApiResponse(Problem),
    },
    operation_id="verify_retrieve",
)
@api_view(["GET", "HEAD"])
@authentication_classes([])
@permission_classes([AllowAny])
def verify(request: Request, code: str) -> Response:
    """The live state of a document by its code; no personal data, at most 30 a minute."""
    if not spend(request._request, "verify", limit=30, seconds=60):
        raise TooOften()
    document = look_up(code)
    if document is None:
        raise NotFound()
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
    response = Response(CheckSerializer(body).data)
    response["Cache-Control"] = "no-store"
    return response


class NotFound(Refused):
    status = 404

    def __init__(self) -> None:
        super().__init__("not_found", _("No document has this code. Compare it with the document and type it again."))


class TooOften(Refused):
    status = 429

    def __init__(self) -> None:
        super().__init__("too_often", _("Too many checks from here. Wait a minute and try again."))


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error as problem+json with its code and a sentence in the asked language."""
    from rest_framework.views import exception_handler

    if isinstance(error, Refused):
        status, code, title = error.status, error.code, str(error.sentence)
        headers: dict[str, str] = {"Retry-After": "60"} if status == 429 else {}
    else:
        answer = exception_handler(error, context)
        if answer is None:
            return None
        detail: Any = getattr(error, "detail", "")
        status, title, headers = answer.status_code, str(detail), dict(answer.headers)
        code = str(getattr(error, "default_code", "error"))
    body = {"type": "about:blank", "title": title, "status": status, "code": code}
    # Whatever the view writes otherwise (the description of the interface is YAML), a problem is JSON.
    context["request"].accepted_renderer, context["request"].accepted_media_type = JSONRenderer(), JSONRenderer.media_type
    return Response(body, status=status, headers=headers, content_type="application/problem+json")


urlpatterns = [
    path("v1/services/", public(service_list), name="api_services"),
    path("v1/verify/<str:code>", public(verify), name="api_verify"),
    path("schema/", public(SpectacularAPIView.as_view(permission_classes=[AllowAny], authentication_classes=[])), name="api_schema"),
]
