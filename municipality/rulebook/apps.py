from django.apps import AppConfig
from django.core.signals import request_finished, request_started


class RulebookConfig(AppConfig):
    name = "municipality.rulebook"
    label = "rulebook"
    verbose_name = "دفتر القواعد"

    def ready(self) -> None:
        from municipality.rulebook.queries import begin_page, end_page

        request_started.connect(begin_page)
        request_finished.connect(end_page)
