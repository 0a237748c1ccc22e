from django.apps import AppConfig


class ZoningConfig(AppConfig):
    name = "zoning"
    label = "zoning"
    verbose_name = "الرأي التنظيمي"

    def ready(self) -> None:
        from municipality.cases.catalogue import CATALOGUE
        from zoning.catalogue import ZONING

        CATALOGUE.register("zoning", ZONING)
