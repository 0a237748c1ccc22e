from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class UploadsConfig(AppConfig):
    name = "municipality.uploads"
    label = "uploads"
    verbose_name = _("Uploads")

    def ready(self) -> None:
        from municipality.uploads.checks import file_origin

        register(file_origin)
