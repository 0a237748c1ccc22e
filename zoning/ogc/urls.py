"""Addresses of OGC API – Features, under /api/ogc/."""

from django.urls import path

from municipality.accounts.access import public
from zoning.ogc import views

urlpatterns = [
    path("", public(views.Landing.as_view()), name="ogc"),
    path("conformance", public(views.Conformance.as_view()), name="ogc_conformance"),
    path("api", public(views.Description.as_view()), name="ogc_description"),
    path("collections", public(views.Collections.as_view()), name="ogc_collections"),
    path("collections/<slug:name>", public(views.OneCollection.as_view()), name="ogc_collection"),
    path("collections/<slug:name>/items", public(views.Items.as_view()), name="ogc_items"),
    path("collections/<slug:name>/items/<slug:identity>", public(views.ItemView.as_view()), name="ogc_item"),
]
