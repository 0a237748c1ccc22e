"""Addresses of shops, under the language, and of their interface for machines."""

from django.urls import path

from municipality.accounts.access import public as anybody
from shops.views import api, citizen, claims, feed, following, hours, map, open_data, page, public

app_name = "shops"
urlpatterns = [
    path("shops/", public.search, name="search"),
    path("shops/map/", map.shop_map, name="map"),
    path("shops/<slug:public_id>/follow/", following.shop, name="follow"),
    path("shops/<slug:public_id>/changes.atom", following.shop_feed, name="shop_feed"),
    path("areas/<int:area>/changes.atom", following.area_feed, name="area_feed"),
    path("areas/<int:area>/<str:block>/changes.atom", following.area_feed, name="block_feed"),
    path("follows/", following.mine, name="follows"),
    path("follows/<int:pk>/end/", following.end, name="end_follow"),
    path("open-data/", open_data.page, name="open_data"),
    path("shops/<slug:public_id>/", public.shop, name="shop"),
    path("shops/<slug:public_id>/<str:name>/", public.shop, name="shop"),
    path("my-shops/", citizen.mine, name="mine"),
    path("my-shops/<slug:public_id>/door/", citizen.door, name="door"),
    path("my-shops/<slug:public_id>/hours/", hours.hours, name="hours"),
    path("my-shops/<slug:public_id>/hours/ramadan/", hours.hours, {"part": "ramadan"}, name="ramadan_hours"),
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
outside_urlpatterns = [
    path("open-data/<str:name>", open_data.newest, name="open_data_file"),
    path("open-data/<slug:folder>/<str:name>", open_data.of_edition, name="open_data_edition"),
    path("follows/stop/<str:token>", following.stop, name="stop_digests"),
]
api_urlpatterns = [
    path("v1/changes/", anybody(feed.Changes.as_view()), name="api_changes"),
    path("v1/open-data/", anybody(feed.OpenData.as_view()), name="api_open_data"),
    path("v1/catalog/", anybody(feed.Catalogue.as_view()), name="api_catalogue"),
    path("v1/shops/", anybody(api.ShopSearch.as_view()), name="api_shops"),
    path("v1/shops/<slug:public_id>/", anybody(api.OneShop.as_view()), name="api_shop"),
    path("v1/activities/", anybody(api.ActivityList.as_view()), name="api_activities"),
    path("v1/areas/", anybody(api.AreaList.as_view()), name="api_areas"),
    path("v1/governorates/", anybody(api.GovernorateList.as_view()), name="api_governorates"),
]
