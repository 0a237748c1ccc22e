"""The sign-in's addresses as the portal has them, before a home page."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from municipality.accounts import outside_urls
from municipality.accounts.access import public


@public
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("home")


urlpatterns = [
    *outside_urls.urlpatterns,
    path("admin/", admin.site.urls),
    *i18n_patterns(path("", home, name="home"), path("", include("municipality.accounts.urls"))),
]

handler403 = "municipality.ui.errors.permission_denied"
handler404 = "municipality.ui.errors.not_found"
