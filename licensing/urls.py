"""Addresses of licensing, under the language."""

from django.urls import path

from licensing.health.appeals import views as appeals
from licensing.health.views import changes, citizen, corrections, public
from licensing.signage.consents import views as consents
from licensing.signage.drawing import views as drawings
from licensing.signage.life import views as life
from licensing.signage.renewals.views import renew
from licensing.signage.views import citizen as boards
from licensing.signage.views import map as boards_map
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
    path("boards/map/", boards_map.board_map, name="boards_map"),
    path("boards/measure/", drawings.measure_board, name="measure_board"),
    path("boards/renew/", renew, name="renew_boards"),
    path("boards/new/<slug:public_id>/", boards.boards, name="new_boards"),
    path("boards/new/<slug:public_id>/send/", boards.send, name="send_boards"),
    path("boards/new/<slug:public_id>/consents/", consents.ask, name="ask_board_consent"),
    path("boards/consents/<slug:token>/", consents.sign, name="sign_boards"),
    path("boards/new/<slug:public_id>/discard/", boards.discard, name="discard_boards"),
    path("boards/new/<slug:public_id>/draw/<int:number>/", drawings.draw, name="draw_board"),
    path("boards/requests/<slug:public_id>/corrections/", boards.corrections, name="correct_boards"),
    path("boards/requests/<slug:public_id>/withdraw/", boards.withdraw, name="withdraw_boards"),
    path("boards/<slug:public_id>/remove/", life.remove, name="remove_board"),
    path("boards/<slug:public_id>/", public_boards.board, name="board"),
    path("boards/<slug:public_id>/plate.pdf", boards.plate, {"form": "pdf"}, name="board_plate"),
    path("boards/<slug:public_id>/plate.svg", boards.plate, {"form": "svg"}, name="board_plate_drawing"),
    path("boards/<slug:public_id>/picture/", drawings.board_picture, name="board_picture"),
    path("boards/<slug:public_id>/drawing/", drawings.board_drawing, name="board_drawing"),
    path("boards/<slug:public_id>/drawing/photo/", drawings.board_photo, name="board_photo"),
    path("cases/<slug:public_id>/corrections/", corrections.answer, name="corrections"),
    path("cases/<slug:public_id>/appeal/", appeals.appeal, name="appeal"),
    path("cases/<slug:public_id>/appeal/withdraw/", appeals.withdraw, name="withdraw_appeal"),
    path("cases/<slug:public_id>/withdraw/", citizen.withdraw, name="withdraw"),
]
