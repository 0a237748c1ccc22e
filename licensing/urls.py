"""Addresses of licensing, under the language."""

from django.urls import path

from licensing.bulk import views as bulk
from licensing.health.appeals import views as appeals
from licensing.health.new_licence.views import citizen as new
from licensing.health.new_licence.views import public as new_public
from licensing.health.states import CHANGE
from licensing.health.transfers import views as transfers
from licensing.health.views import acts, changes, citizen, corrections, public
from licensing.inspections import views as inspections
from licensing.signage.changes.views import change as change_board
from licensing.signage.changes.views import smaller as smaller_board
from licensing.signage.consents import views as consents
from licensing.signage.drawing import views as drawings
from licensing.signage.life import views as life
from licensing.signage.renewals.views import renew
from licensing.signage.views import citizen as boards
from licensing.signage.views import map as boards_map
from licensing.signage.views import public as public_boards
from licensing.workers import views as workers

app_name = "licensing"
urlpatterns = [
    path("health-licence/", public.start, name="start"),
    path("health-licence/new/", new_public.start, name="new_start"),
    path("health-licence/new/request/", new.fill_in, name="new_request"),
    path("health-licence/new/<slug:public_id>/", new.fill_in, name="new_facts"),
    path("health-licence/new/<slug:public_id>/send/", new.send, name="new_send"),
    path("health-licence/new/<slug:public_id>/discard/", new.discard, name="discard_new"),
    path("health-licence/new/requests/<slug:public_id>/commercial/", new.commercial, name="new_commercial"),
    path("health-licence/new/requests/<slug:public_id>/corrections/", new.corrections, name="correct_new"),
    path("health-licence/new/requests/<slug:public_id>/withdraw/", new.withdraw, name="withdraw_new"),
    path("health-licence/transfers/<slug:public_id>/", transfers.answer, name="answer_transfer"),
    path("health-licence/<slug:public_id>/transfer/", transfers.transfer, name="transfer"),
    path("health-licence/<slug:public_id>/front/", public.front, name="front"),
    path("health-licence/<slug:public_id>/renew/", citizen.renew, name="renew"),
    path("health-licence/<slug:public_id>/changes/", changes.tasks, name="changes"),
    path("health-licence/<slug:public_id>/changes/discard/", changes.discard, name="discard"),
    path("health-licence/<slug:public_id>/changes/<slug:page>/", changes.page, name="change_page"),
    path("health-licence/<slug:public_id>/workers/", workers.workers, name="workers"),
    path("health-licence/<slug:public_id>/workers/<slug:certificate>/", workers.worker, name="worker"),
    path("renewals/", bulk.renewals, name="renewals"),
    path("renewals/<slug:public_id>/", bulk.batch, name="renewal_batch"),
    path("health-licence/<slug:public_id>/", acts.licence, name="licence"),
    path("health-licence/<slug:public_id>/duplicate/", acts.duplicate, name="duplicate"),
    path("health-licence/<slug:public_id>/cancel/", acts.cancel, name="cancel"),
    path("health-licence/<slug:public_id>/change/", changes.tasks, {"service": CHANGE}, name="change_licence"),
    path("health-licence/<slug:public_id>/change/discard/", changes.discard, {"service": CHANGE}, name="discard_change"),
    path("health-licence/<slug:public_id>/change/<slug:page>/", changes.page, {"service": CHANGE}, name="change_licence_page"),
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
    path("boards/<slug:public_id>/change/", change_board, name="change_board"),
    path("boards/<slug:public_id>/smaller/", smaller_board, name="smaller_board"),
    path("boards/<slug:public_id>/remove/", life.remove, name="remove_board"),
    path("boards/<slug:public_id>/", public_boards.board, name="board"),
    path("boards/<slug:public_id>/plate.pdf", boards.plate, {"form": "pdf"}, name="board_plate"),
    path("boards/<slug:public_id>/plate.svg", boards.plate, {"form": "svg"}, name="board_plate_drawing"),
    path("boards/<slug:public_id>/picture/", drawings.board_picture, name="board_picture"),
    path("boards/<slug:public_id>/drawing/", drawings.board_drawing, name="board_drawing"),
    path("boards/<slug:public_id>/drawing/photo/", drawings.board_photo, name="board_photo"),
    path("inspections/<slug:public_id>/", inspections.inspection, name="inspection"),
    path("inspections/<slug:public_id>/self-check/", inspections.self_check, name="self_check"),
    path("cases/<slug:public_id>/corrections/", corrections.answer, name="corrections"),
    path("cases/<slug:public_id>/appeal/", appeals.appeal, name="appeal"),
    path("cases/<slug:public_id>/appeal/withdraw/", appeals.withdraw, name="withdraw_appeal"),
    path("cases/<slug:public_id>/withdraw/", citizen.withdraw, name="withdraw"),
]
