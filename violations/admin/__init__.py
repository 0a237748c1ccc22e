"""Violations in the admin: field pages of inspectors, lists and steps of the office."""

from django.contrib import admin
from django.urls import path

from municipality.imports import views
from violations.admin import field, field_shops, home, labels, lists, office, overview, supervision, tables  # noqa: F401

PAPER = {"kind": "paper"}
PAGES = [
    path("field/", field.home, name="field"),
    path("field/new/", field.new, name="field_new"),
    path("field/shop/", field_shops.find, name="field_shops"),
    path("field/shop/<slug:public_id>/", field_shops.confirm, name="field_shop"),
    path("field/check/", field.check, name="field_check"),
    path("field/sync/", field.sync, name="field_sync"),
    path("field/worker.js", field.worker, name="field_worker"),
    path("field/map/", overview.round_map, name="field_map"),
    path("field/<slug:public_id>/", field.violation, name="field_violation"),
    path("field/<slug:public_id>/notice/", field.notice, name="field_notice"),
]
OFFICE = [
    path("office/map/", overview.minutes_map, name="office_map"),
    path("office/figures/", supervision.board, name="office_figures"),
    path("office/referrals/", office.referrals, name="office_referrals"),
    path("office/referrals/<slug:public_id>/", office.batch, name="office_batch"),
    path("office/referrals/<slug:public_id>/file.csv", office.batch_file, name="office_batch_file"),
    path("office/paper/", views.files, PAPER, name="office_paper"),
    path("office/paper/<slug:public_id>/", views.file, PAPER, name="office_paper_file"),
    path("office/paper/<slug:public_id>/problems.csv", views.problems, PAPER, name="office_paper_problems"),
    path("office/unserved/", lists.unserved, name="office_unserved"),
    path("office/undefended/", lists.undefended, name="office_undefended"),
    path("office/<slug:public_id>/", office.violation, name="office_violation"),
]
FOCUSED = ("field", "field_new", "field_shops", "field_shop", "field_check", "field_violation")
admin.site.add_pages(PAGES, home=home.field_home, focused=FOCUSED)
admin.site.add_pages(OFFICE, home=home.office_home)
