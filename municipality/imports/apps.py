from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    name = "municipality.imports"
    label = "imports"
    verbose_name = _("Imports")

    def ready(self) -> None:
        from municipality.imports import tasks  # noqa: F401
