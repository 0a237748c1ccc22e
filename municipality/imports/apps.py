from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "municipality.imports"
    label = "imports"
    verbose_name = "الاستيراد"

    def ready(self) -> None:
        from municipality.imports import tasks  # noqa: F401
