"""URLs of shops, under the language, without it, and of the API."""

from django.urls import path

from municipality.accounts.access import public as anybody
from shops.claims import views as claims
from shops.hours import views as hours
from shops.open_data.views import api as open_data_api
from shops.open_data.views import pages as open_data
from shops.public_page.views import holder, requests, shop
from shops.search.views import api, map
from shops.search.views import pages as search
from shops.subscriptions import views as subscriptions

app_name = "shops"
urlpatterns = [
    path("shops/", search.search, name="search"),
    path("shops/map/", map.shop_map, name="map"),
    path("shops/<slug:public_id>/follow/", subscriptions.shop, name="follow"),
    path("shops/<slug:public_id>/changes.atom", subscriptions.shop_feed, name="shop_feed"),
    path("areas/<int:area>/changes.atom", subscriptions.area_feed, name="area_feed"),
    path("areas/<int:area>/<str:block>/changes.atom", subscriptions.area_feed, name="block_feed"),
    path("follows/", subscriptions.mine, name="follows"),
    path("follows/<int:pk>/end/", subscriptions.end, name="end_follow"),
    path("open-data/", open_data.page, name="open_data"),
    path("shops/<slug:public_id>/", shop.shop, name="shop"),
    path("shops/<slug:public_id>/<str:name>/", shop.shop, name="shop"),
    path("my-shops/", holder.mine, name="mine"),
    path("my-shops/list.xlsx", holder.download, name="download_mine"),
    path("my-shops/codes/", holder.code_sheet, name="code_sheet"),
    path("my-shops/<slug:public_id>/door/", holder.entrance_sheet, name="entrance_sheet"),
    path("my-shops/<slug:public_id>/hours/", hours.hours, name="hours"),
    path("my-shops/<slug:public_id>/hours/ramadan/", hours.hours, {"part": "ramadan"}, name="ramadan_hours"),
    path("claims/", claims.find, name="find"),
    path("claims/shop/<slug:public_id>/", claims.match, name="match"),
    path("claims/<slug:public_id>/", claims.claim, name="claim"),
    path("claims/<slug:public_id>/dispute/", claims.dispute, name="dispute"),
    path("claims/<slug:public_id>/withdraw/", claims.withdraw, name="withdraw"),
    path("claims/<slug:public_id>/corrections/", claims.corrections, name="corrections"),
    # Requests on the page of a shop.
    path("corrections/<slug:public_id>/", requests.correct, name="correct"),
    path("corrections/<slug:public_id>/<slug:fact>/", requests.correct_fact, name="correct_fact"),
    path("replies/<slug:public_id>/", requests.reply, name="reply"),
    path("page-requests/<slug:public_id>/withdraw/", requests.withdraw, name="withdraw_page"),
]
outside_urlpatterns = [
    path("open-data/<str:name>", open_data.newest, name="open_data_file"),
    path("open-data/<slug:folder>/<str:name>", open_data.of_edition, name="open_data_edition"),
    path("follows/stop/<str:token>", subscriptions.stop, name="stop_digests"),
]
api_urlpatterns = [
    path("v1/changes/", anybody(open_data_api.Changes.as_view()), name="api_changes"),
    path("v1/open-data/", anybody(open_data_api.OpenData.as_view()), name="api_open_data"),
    path("v1/catalog/", anybody(open_data_api.Catalogue.as_view()), name="api_catalogue"),
    path("v1/shops/", anybody(api.ShopSearch.as_view()), name="api_shops"),
    path("v1/shops/<slug:public_id>/", anybody(api.OneShop.as_view()), name="api_shop"),
    path("v1/activities/", anybody(api.ActivityList.as_view()), name="api_activities"),
    path("v1/areas/", anybody(api.AreaList.as_view()), name="api_areas"),
    path("v1/governorates/", anybody(api.GovernorateList.as_view()), name="api_governorates"),
]
