"""Addresses of cases, under the language."""

from django.urls import path

from municipality.cases.views import citizen, public

app_name = "cases"
urlpatterns = [
    path("my-requests/", citizen.mine, name="mine"),
    path("cases/<slug:public_id>/", citizen.case, name="case"),
    path("cases/<slug:public_id>/feedback/", citizen.give_feedback, name="feedback"),
    path("track/", public.track, name="track"),
]
