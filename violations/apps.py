from django.apps import AppConfig


class ViolationsConfig(AppConfig):
    name = "violations"
    label = "violations"
    verbose_name = "المخالفات"
