from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ZoningConfig(AppConfig):
    name = "zoning"
    label = "zoning"
    verbose_name = _("Zoning opinion")

    def ready(self) -> None:
        from municipality.cases.catalogue import CATALOGUE
        from zoning.catalogue import ZONING

        CATALOGUE.register("zoning", ZONING)
