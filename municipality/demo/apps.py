from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "municipality.demo"
    label = "demo"
    verbose_name = "بيانات العرض"
