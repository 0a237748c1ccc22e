"""The desk inside the staff's admin: pages of their own, no table. Nothing here lists, searches or picks what waits in the queue."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from municipality.review.admin import branch, case, countersign, home, labels, people  # noqa: F401

# Words before the address of a case, so that none of them is read as one.
PAGES = [
    path("desk/next/", home.next_case, name="desk_next"),
    path("desk/absence/", people.own_absence, name="desk_absence"),
    path("desk/sign/", countersign.sign, name="desk_sign"),
    path("desk/board/", branch.board, name="desk_board"),
    path("desk/people/", people.people, name="desk_people"),
    path("desk/ties/", people.ties, name="desk_ties"),
    path("desk/<slug:public_id>/", case.page, name="desk_case"),
    path("desk/<slug:public_id>/<slug:verb>/", case.act, name="desk_act"),
]

admin.site.add_pages(PAGES, home=home.context)
admin.site.index_template = "admin/review/home.html"
