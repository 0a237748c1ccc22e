"""Addresses of violations, under the language."""

from django.urls import path

from violations.views import citizen, public, visitors

app_name = "violations"
urlpatterns = [
    path("violations/", public.start, name="start"),
    path("violations/mine/", citizen.mine, name="mine"),
    path("violations/waivers/", public.reliefs, name="reliefs"),
    path("violations/stops-lifted/", public.lifts, name="lifts"),
    path("violations/clearance/", citizen.clearance, name="clearance"),
    path("violations/clearance/make/", citizen.make_clearance, name="make_clearance"),
    path("violations/<slug:public_id>/", public.page, name="page"),
    path("violations/<slug:public_id>/photos/<slug:photo_id>/", public.photo, name="photo"),
    path("violations/<slug:public_id>/open/", citizen.open_, name="open"),
    path("violations/<slug:public_id>/pay/", citizen.pay, name="pay"),
    path("violations/<slug:public_id>/pay-for/", visitors.pay, name="pay_for"),
    path("violations/<slug:public_id>/receipts/<slug:number>/", visitors.receipt, name="receipt"),
    path("violations/<slug:public_id>/correct/", citizen.correct, name="correct"),
    path("violations/<slug:public_id>/object/", citizen.object_, name="object"),
    path("violations/<slug:public_id>/not-mine/", citizen.not_mine, name="not_mine"),
    path("violations/<slug:public_id>/answer/", citizen.answer, name="answer"),
    path("violations/<slug:public_id>/withdraw/", citizen.withdraw, name="withdraw"),
    path("violations/<slug:public_id>/more-time/", citizen.more_time, name="more_time"),
    path("violations/<slug:public_id>/instalments/", citizen.instalments, name="instalments"),
]
