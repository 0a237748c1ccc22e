"""Addresses of zoning, under the language; the tiles of maps have none."""

from django.urls import path

from zoning import views
from zoning.contests import views as contests
from zoning.extract import views as extracts
from zoning.maps import views as maps
from zoning.objections import views as objections
from zoning.opinion import views as opinion

app_name = "zoning"
urlpatterns = [
    path("zoning/", views.find, name="find"),
    path("zoning/where/", views.where, name="where"),
    path("zoning/map.json", maps.outlines, name="map"),
    path("plots/<slug:public_id>/", views.plot, name="plot"),
    path("plots/<slug:public_id>/layers/<slug:layer>.svg", views.cut, name="cut"),
    path("plots/<slug:public_id>/extract/", extracts.make, name="make_extract"),
    path("plots/<slug:public_id>/contest/<slug:layer>/", contests.contest, name="contest"),
    path("zoning/contests/", contests.mine, name="contests"),
    path("zoning/contests/<slug:public_id>/", contests.contested, name="contested"),
    path("zoning/extracts/<uuid:uuid>/", extracts.extract, name="extract"),
    path("zoning/extracts/<uuid:uuid>/extract.pdf", extracts.pdf, name="extract_pdf"),
    path("zoning/extracts/<uuid:uuid>/extract.json", extracts.json, name="extract_json"),
    path("zoning/extracts/<uuid:uuid>/extract.xml", extracts.xml, name="extract_xml"),
    path("zoning/silence/", opinion.silence, name="silence"),
    path("plots/<slug:public_id>/opinion/", opinion.begin, name="opinion_begin"),
    path("opinions/<slug:public_id>/", opinion.order, name="opinion"),
    path("opinions/<slug:public_id>/corrections/", opinion.corrections, name="opinion_corrections"),
    path("opinions/<slug:public_id>/withdraw/", opinion.withdraw, name="opinion_withdraw"),
    path("opinions/<slug:public_id>/objection/", objections.objection, name="objection"),
    path("opinions/<slug:public_id>/objection/withdraw/", objections.withdraw, name="withdraw_objection"),
]
outside_urlpatterns = [path("map-tiles/<str:z>/<str:x>/<str:y>.json", maps.tile, name="zoning_tile")]
