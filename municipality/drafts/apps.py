from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "municipality.drafts"
    label = "drafts"
    verbose_name = "الطلبات المحفوظة"
