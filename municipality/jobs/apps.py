from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "municipality.jobs"
    label = "jobs"
    verbose_name = "المهام"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        autodiscover_modules("tasks")
