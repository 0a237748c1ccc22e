"""The URLs of the project. `/ar/…` and `/en/…` have the language as a prefix; the others have none."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from municipality import health
from municipality.accounts import outside_urls as people
from municipality.api import urlpatterns as api_urlpatterns
from municipality.cases.views import home
from municipality.cases.views import public as pages
from municipality.documents.views import citizen as documents
from municipality.documents.views import public as checks
from payments.urls import gateway_urlpatterns
from reports.open311.urls import urlpatterns as open311_urlpatterns
from shops.urls import api_urlpatterns as shops_api_urlpatterns
from shops.urls import outside_urlpatterns as shops_outside_urlpatterns
from zoning.urls import outside_urlpatterns as zoning_outside_urlpatterns

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("verify/", checks.ask, name="verify_ask"),
    path("verify/<str:code>", checks.verify, name="verify"),
    path("documents/<str:number>.pdf", documents.download, name="document"),
    path("", include("municipality.uploads.file_urls")),
    path("api/", include(api_urlpatterns)),
    path("api/", include(shops_api_urlpatterns)),
    path("api/", include("zoning.api")),
    path("api/", include("licensing.signage.api")),
    path("api/ogc/", include("zoning.ogc.urls")),
    *shops_outside_urlpatterns,
    *zoning_outside_urlpatterns,
    *open311_urlpatterns,
    *gateway_urlpatterns,
    *people.urlpatterns,
    path("admin/", admin.site.urls),
    *i18n_patterns(
        path("", home.home, name="home"),
        path("privacy/", pages.privacy, name="privacy"),
        path("accessibility/", pages.accessibility, name="accessibility"),
        path("", include("municipality.accounts.urls")),
        path("", include("municipality.delegation.urls")),
        path("", include("municipality.cases.urls")),
        path("", include("municipality.notifications.urls")),
        path("", include("municipality.uploads.urls")),
        path("", include("municipality.incidents.urls")),
        path("", include("municipality.review.urls")),
        path("", include("shops.urls")),
        path("", include("licensing.urls")),
        path("", include("payments.urls")),
        path("", include("violations.urls")),
        path("", include("zoning.urls")),
        path("", include("reports.urls")),
        prefix_default_language=True,
    ),
]

handler400 = "municipality.ui.errors.bad_request"
handler403 = "municipality.ui.errors.permission_denied"
handler404 = "municipality.ui.errors.not_found"
handler500 = "municipality.ui.errors.server_error"
