"""The portal's addresses and one floor a page, inside and outside the language prefix as the page itself."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import path

from municipality import urls as portal
from municipality.accounts.access import public
from tools.benchmarks.calibration import calibration
from tools.benchmarks.floor import floor, shops_by_key, store

urlpatterns = [
    *portal.urlpatterns,
    path("floor/<slug:name>", floor),
    path("floor-store", store),
    path("floor-shops", public(shops_by_key)),
    *i18n_patterns(path("floor/<slug:name>", floor), path("calibration/", calibration), prefix_default_language=True),
]
handler400, handler403, handler404, handler500 = portal.handler400, portal.handler403, portal.handler404, portal.handler500
