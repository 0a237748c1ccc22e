from django.apps import AppConfig


class ZoningConfig(AppConfig):
    name = "zoning"
    label = "zoning"
    verbose_name = "الرأي التنظيمي"
