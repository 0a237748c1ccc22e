"""Addresses of zoning, under the language."""

from django.urls import path

from zoning import views
from zoning.extract import views as extracts

app_name = "zoning"
urlpatterns = [
    path("zoning/", views.find, name="find"),
    path("zoning/where/", views.where, name="where"),
    path("plots/<slug:public_id>/", views.plot, name="plot"),
    path("plots/<slug:public_id>/extract/", extracts.make, name="make_extract"),
    path("zoning/extracts/<uuid:uuid>/", extracts.extract, name="extract"),
    path("zoning/extracts/<uuid:uuid>/extract.pdf", extracts.pdf, name="extract_pdf"),
    path("zoning/extracts/<uuid:uuid>/extract.json", extracts.json, name="extract_json"),
    path("zoning/extracts/<uuid:uuid>/extract.xml", extracts.xml, name="extract_xml"),
]
