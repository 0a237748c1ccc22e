"""Addresses of shops, under the language."""

from django.urls import path

from shops.views import citizen

app_name = "shops"
urlpatterns = [path("my-shops/", citizen.mine, name="mine")]
