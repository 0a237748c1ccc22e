"""Addresses of payments: pages with a language, and the bank's fixed paths outside it."""

from django.urls import path

from payments.views import basket, citizen, gateway

app_name = "payments"
urlpatterns = [
    path("basket/", basket.basket, name="basket"),
    path("my-payments/", basket.mine, name="mine"),
    path("pay/<str:public_id>/", citizen.pay, name="pay"),
    path("pay/<str:public_id>/left/", citizen.left, name="left"),
    path("receipts/<str:number>/", citizen.receipt_file, name="receipt"),
]

gateway_urlpatterns = [
    path("pay/knet/response", gateway.response, name="knet_response"),
    path("pay/knet/error", gateway.error, name="knet_error"),
    path("pay/tasdeed/response", gateway.tasdeed, name="tasdeed_response"),
    path("pay/r/<str:token>", gateway.receipt, name="pay_receipt"),
    path("pay/r/<str:token>/left", gateway.left, name="pay_left"),
    path("pay/r/<str:token>/feedback", gateway.give_feedback, name="pay_feedback"),
    path("pay/r/<str:token>/state", gateway.receipt_state, name="pay_receipt_state"),
]
