"""Addresses of licensing, under the language."""

from django.urls import path

from licensing.health.appeals import views as appeals
from licensing.health.views import changes, citizen, corrections, public
from licensing.signage import views as boards

app_name = "licensing"
urlpatterns = [
    path("health-licence/", public.start, name="start"),
    path("health-licence/<slug:public_id>/front/", public.front, name="front"),
    path("health-licence/<slug:public_id>/renew/", citizen.renew, name="renew"),
    path("health-licence/<slug:public_id>/changes/", changes.tasks, name="changes"),
    path("health-licence/<slug:public_id>/changes/discard/", changes.discard, name="discard"),
    path("health-licence/<slug:public_id>/changes/<slug:page>/", changes.page, name="change_page"),
    path("boards/costs/", boards.costs, name="board_costs"),
    path("cases/<slug:public_id>/corrections/", corrections.answer, name="corrections"),
    path("cases/<slug:public_id>/appeal/", appeals.appeal, name="appeal"),
    path("cases/<slug:public_id>/appeal/withdraw/", appeals.withdraw, name="withdraw_appeal"),
    path("cases/<slug:public_id>/withdraw/", citizen.withdraw, name="withdraw"),
]
