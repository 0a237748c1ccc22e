from django.apps import AppConfig


class ZoningConfig(AppConfig):
    name = "zoning"
    label = "zoning"
    verbose_name = "الرأي التنظيمي"

    def ready(self) -> None:
        from zoning.catalogue import announce

        announce()
