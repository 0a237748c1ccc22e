"""Addresses of reports, under the language."""

from django.urls import path

from reports.views import public

app_name = "reports"
urlpatterns = [path("report/", public.later, name="later")]
