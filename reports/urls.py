"""Addresses of reports, under the language."""

from django.urls import path

from reports.public_page import follow_views as follows
from reports.public_page import map_views as maps
from reports.public_page import views as pages
from reports.views import device, intake, mine, photos

app_name = "reports"
urlpatterns = [
    path("report/", intake.new, name="new"),
    path("report/photos/", photos.hold, name="photo_held"),
    path("report/send/", device.send, name="send"),
    path("report/share/", device.share, name="share"),
    path("report/worker.js", device.worker, name="worker"),
    path("report/app.webmanifest", device.manifest, name="manifest"),
    path("report/near/", intake.near, name="near"),
    path("report/sent/<slug:public_id>/", intake.sent, name="sent"),
    path("report/sent/<slug:public_id>/feedback/", intake.give_feedback, name="feedback"),
    path("my-reports/", mine.my_reports, name="my_reports"),
    path("reports/", pages.every, name="all"),
    path("reports/map/", maps.report_map, name="map"),
    path("reports/map.geojson", maps.map_data, name="map_data"),
    path("reports/figures/", maps.figures, name="figures"),
    path("reports/follow/", follows.mine, name="follows"),
    path("reports/follow/stop/<str:token>", follows.stop, name="stop_digests"),
    path("reports/follow/<int:area>/", follows.area, name="follow"),
    path("reports/photos/<slug:public_id>.jpg", photos.photo, name="photo"),
    path("reports/bans/<slug:public_id>/", mine.ban, name="ban"),
    path("reports/<slug:public_id>/", pages.report, name="report"),
    path("reports/<slug:public_id>/me-too/", intake.me_too, name="me_too"),
    path("reports/<slug:public_id>/mine/", mine.mine, name="mine"),
]
