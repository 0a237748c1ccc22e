from django.apps import AppConfig


class RulebookConfig(AppConfig):
    name = "municipality.rulebook"
    label = "rulebook"
    verbose_name = "دفتر القواعد"
