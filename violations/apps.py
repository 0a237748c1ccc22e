from django.apps import AppConfig


class ViolationsConfig(AppConfig):
    name = "violations"
    label = "violations"
    verbose_name = "المخالفات"

    def ready(self) -> None:
        from violations.catalogue import announce

        announce()
