"""Addresses of licensing, under the language."""

from django.urls import path

from licensing.health.appeals import views as appeals
from licensing.health.views import changes, citizen, corrections, public
from licensing.signage.drawing.views import measure_board
from licensing.signage.renewals.views import renew
from licensing.signage.views import citizen as boards
from licensing.signage.views import public as public_boards

app_name = "licensing"
urlpatterns = [
    path("health-licence/", public.start, name="start"),
    path("health-licence/<slug:public_id>/front/", public.front, name="front"),
    path("health-licence/<slug:public_id>/renew/", citizen.renew, name="renew"),
    path("health-licence/<slug:public_id>/changes/", changes.tasks, name="changes"),
    path("health-licence/<slug:public_id>/changes/discard/", changes.discard, name="discard"),
    path("health-licence/<slug:public_id>/changes/<slug:page>/", changes.page, name="change_page"),
    path("boards/", public_boards.start, name="boards"),
    path("boards/costs/", public_boards.costs, name="board_costs"),
    path("boards/measure/", measure_board, name="measure_board"),
    path("boards/renew/", renew, name="renew_boards"),
    path("boards/new/<slug:public_id>/", boards.boards, name="new_boards"),
    path("boards/new/<slug:public_id>/send/", boards.send, name="send_boards"),
    path("boards/new/<slug:public_id>/discard/", boards.discard, name="discard_boards"),
    path("boards/requests/<slug:public_id>/corrections/", boards.corrections, name="correct_boards"),
    path("boards/requests/<slug:public_id>/withdraw/", boards.withdraw, name="withdraw_boards"),
    path("boards/<slug:public_id>/", public_boards.board, name="board"),
    path("cases/<slug:public_id>/corrections/", corrections.answer, name="corrections"),
    path("cases/<slug:public_id>/appeal/", appeals.appeal, name="appeal"),
    path("cases/<slug:public_id>/appeal/withdraw/", appeals.withdraw, name="withdraw_appeal"),
    path("cases/<slug:public_id>/withdraw/", citizen.withdraw, name="withdraw"),
]
