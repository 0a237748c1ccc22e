"""Addresses of payments with what they lean on."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from municipality.accounts.access import public
from payments.urls import gateway_urlpatterns


@public
def sign_in(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sign in")


urlpatterns = [
    *gateway_urlpatterns,
    path("login/", sign_in),
    path("admin/", admin.site.urls),
    *i18n_patterns(path("", include("payments.urls"))),
]
