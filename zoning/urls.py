"""Addresses of zoning, under the language; the tiles of maps have none."""

from django.urls import path

from zoning import views
from zoning.maps import views as maps

app_name = "zoning"
urlpatterns = [
    path("zoning/", views.find, name="find"),
    path("zoning/map.json", maps.outlines, name="map"),
    path("plots/<slug:public_id>/", views.plot, name="plot"),
]
outside_urlpatterns = [path("map-tiles/<str:z>/<str:x>/<str:y>.json", maps.tile, name="zoning_tile")]
