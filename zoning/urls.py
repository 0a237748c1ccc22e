"""Addresses of zoning, under the language."""

from django.urls import path

from zoning import views

app_name = "zoning"
urlpatterns = [
    path("zoning/", views.find, name="find"),
    path("plots/<slug:public_id>/", views.plot, name="plot"),
]
