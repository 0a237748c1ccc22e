"""Addresses of shops, under the language."""

from django.urls import path

from shops.views import citizen, claims, public

app_name = "shops"
urlpatterns = [
    path("shops/", public.search, name="search"),
    path("shops/<slug:public_id>/", public.shop, name="shop"),
    path("shops/<slug:public_id>/<str:name>/", public.shop, name="shop"),
    path("my-shops/", citizen.mine, name="mine"),
    path("claims/", claims.find, name="find"),
    path("claims/shop/<slug:public_id>/", claims.match, name="match"),
    path("claims/<slug:public_id>/", claims.claim, name="claim"),
    path("claims/<slug:public_id>/dispute/", claims.dispute, name="dispute"),
    path("claims/<slug:public_id>/withdraw/", claims.withdraw, name="withdraw"),
    path("claims/<slug:public_id>/corrections/", claims.corrections, name="corrections"),
]
