from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "municipality.drafts"
    label = "drafts"
    verbose_name = "الطلبات المحفوظة"

    def ready(self) -> None:
        from municipality.acting.registry import ENDED
        from municipality.drafts import typed

        ENDED.register("drafts", typed.forget_delegate)
