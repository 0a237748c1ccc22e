"""The public address of the status page."""

from django.urls import path

from municipality.incidents import views

app_name = "incidents"
urlpatterns = [path("status/", views.status, name="status")]
