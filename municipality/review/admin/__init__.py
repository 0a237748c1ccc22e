"""The pages of the desk in the admin. None of them lists or searches what waits in the queue."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from municipality.review.admin import branch, case, countersign, decided, figures, home, labels, linked, people  # noqa: F401

# Fixed paths come before that of a case.
PAGES = [
    path("desk/next/", home.next_case, name="desk_next"),
    path("desk/absence/", people.own_absence, name="desk_absence"),
    path("desk/decided/", decided.decided, name="desk_decided"),
    path("desk/sign/", countersign.sign, name="desk_sign"),
    path("desk/board/", branch.board, name="desk_board"),
    path("desk/figures/", figures.figures, name="desk_figures"),
    path("desk/figures/cases/", figures.cases, name="desk_figure_cases"),
    path("desk/figures/export/", figures.export, name="desk_figures_export"),
    path("desk/people/", people.people, name="desk_people"),
    path("desk/conflicts/", people.conflicts, name="desk_conflicts"),
    path("desk/<slug:public_id>/linked/", linked.listing, name="desk_linked"),
    path("desk/<slug:public_id>/linked/<slug:other>/", linked.page, name="desk_linked_case"),
    path("desk/<slug:public_id>/similar/<slug:other>/", linked.similar, name="desk_similar_case"),
    path("desk/<slug:public_id>/", case.page, name="desk_case"),
    path("desk/<slug:public_id>/<slug:verb>/", case.act, name="desk_act"),
]

admin.site.add_pages(PAGES, home=home.home, focused=("desk_case", "desk_act", "desk_sign"))
