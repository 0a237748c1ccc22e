"""Addresses of zoning, under the language."""

from django.urls import path

from zoning import views
from zoning.opinion import views as opinion

app_name = "zoning"
urlpatterns = [
    path("zoning/", views.find, name="find"),
    path("zoning/silence/", opinion.silence, name="silence"),
    path("plots/<slug:public_id>/", views.plot, name="plot"),
    path("plots/<slug:public_id>/opinion/", opinion.begin, name="opinion_begin"),
    path("opinions/<slug:public_id>/", opinion.order, name="opinion"),
    path("opinions/<slug:public_id>/corrections/", opinion.corrections, name="opinion_corrections"),
    path("opinions/<slug:public_id>/withdraw/", opinion.withdraw, name="opinion_withdraw"),
]
