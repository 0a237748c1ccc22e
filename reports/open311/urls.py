"""Addresses of GeoReport, without a language."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from reports.open311 import views


class FormatConverter(StringConverter):
    regex = "json|xml"


register_converter(FormatConverter, "georeport")
urlpatterns = [
    path("open311/discovery.<georeport:form>", views.discovery, name="open311_discovery"),
    path("open311/openapi.json", views.openapi, name="open311_openapi"),
    path("open311/v2/services.<georeport:form>", views.services, name="open311_services"),
    path("open311/v2/services/<str:code>.<georeport:form>", views.definition, name="open311_definition"),
    path("open311/v2/requests.<georeport:form>", views.requests, name="open311_requests"),
    path("open311/v2/requests/<str:number>.<georeport:form>", views.one_request, name="open311_request"),
    path("open311/v2/tokens/<str:number>.<georeport:form>", views.token, name="open311_token"),
    path("open311/v2/servicerequestupdates.<georeport:form>", views.request_updates, name="open311_updates"),
]
