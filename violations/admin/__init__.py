"""Violations in the staff's admin: the field pages of inspectors, and the lists and steps of the office."""

from django.contrib import admin
from django.urls import path

from violations.admin import field

PAGES = [
    path("field/", field.home, name="field"),
    path("field/new/", field.new, name="field_new"),
    path("field/sync/", field.sync, name="field_sync"),
    path("field/worker.js", field.worker, name="field_worker"),
    path("field/<slug:public_id>/", field.violation, name="field_violation"),
]
admin.site.add_pages(PAGES, home=field.home_part)
