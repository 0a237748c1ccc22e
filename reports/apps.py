from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    label = "reports"
    verbose_name = "عين الكويت"

    def ready(self) -> None:
        from reports.catalogue import announce

        announce()

        from municipality.cases.panels import register
        from reports import shop_page

        register("shop_page", "reports", shop_page.block)
