"""Addresses of licensing, under the language."""

from django.urls import path

from licensing.views import citizen, public

app_name = "licensing"
urlpatterns = [
    path("health-licence/", public.start, name="start"),
    path("health-licence/<slug:public_id>/renew/", citizen.renew, name="renew"),
    path("health-licence/<slug:public_id>/changed/", citizen.changed, name="changed"),
    path("cases/<slug:public_id>/withdraw/", citizen.withdraw, name="withdraw"),
]
