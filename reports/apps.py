from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"
    label = "reports"
    verbose_name = _("Eye of Kuwait")

    def ready(self) -> None:
        from municipality.cases import panels
        from municipality.cases.catalogue import CATALOGUE
        from reports import catalogue, shop_page

        CATALOGUE.register("reports", catalogue.REPORTS)
        panels.SHOP_PAGE.register("reports", shop_page.block)
