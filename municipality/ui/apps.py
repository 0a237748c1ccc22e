from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "municipality.ui"
    label = "ui"
