from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    label = "reports"
    verbose_name = "عين الكويت"

    def ready(self) -> None:
        from reports.catalogue import announce

        announce()
