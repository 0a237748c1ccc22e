from django.apps import AppConfig
from django.core.checks import register


class UploadsConfig(AppConfig):
    name = "municipality.uploads"
    label = "uploads"
    verbose_name = "الملفات المرفوعة"

    def ready(self) -> None:
        from municipality.uploads.checks import file_origin

        register(file_origin)
