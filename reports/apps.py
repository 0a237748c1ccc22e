from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    label = "reports"
    verbose_name = "عين الكويت"

    def ready(self) -> None:
        from municipality.cases import panels
        from municipality.cases.catalogue import CATALOGUE
        from reports import catalogue, shop_page

        CATALOGUE.register("reports", catalogue.REPORTS)
        panels.SHOP_PAGE.register("reports", shop_page.block)
