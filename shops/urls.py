"""Addresses of shops, under the language, and of their interface for machines."""

from django.urls import path

from municipality.accounts.access import public as anybody
from shops.views import api, citizen, claims, map, page, public

app_name = "shops"
urlpatterns = [
    path("shops/", public.search, name="search"),
    path("shops/map/", map.shop_map, name="map"),
    path("shops/<slug:public_id>/", public.shop, name="shop"),
    path("shops/<slug:public_id>/<str:name>/", public.shop, name="shop"),
    path("my-shops/", citizen.mine, name="mine"),
    path("my-shops/<slug:public_id>/door/", citizen.door, name="door"),
    path("claims/", claims.find, name="find"),
    path("claims/shop/<slug:public_id>/", claims.match, name="match"),
    path("claims/<slug:public_id>/", claims.claim, name="claim"),
    path("claims/<slug:public_id>/dispute/", claims.dispute, name="dispute"),
    path("claims/<slug:public_id>/withdraw/", claims.withdraw, name="withdraw"),
    path("claims/<slug:public_id>/corrections/", claims.corrections, name="corrections"),
    # The page of a shop.
    path("corrections/<slug:public_id>/", page.correct, name="correct"),
    path("corrections/<slug:public_id>/<slug:fact>/", page.correct_fact, name="correct_fact"),
    path("replies/<slug:public_id>/", page.reply, name="reply"),
    path("page-requests/<slug:public_id>/withdraw/", page.withdraw, name="withdraw_page"),
]
api_urlpatterns = [path("v1/shops/", anybody(api.shop_search), name="api_shops")]
