from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class NotificationsConfig(AppConfig):
    name = "municipality.notifications"
    label = "notifications"
    verbose_name = pgettext_lazy("app", "Messages")

    def ready(self) -> None:
        from django.core.checks import Tags, register
        from django.utils.module_loading import autodiscover_modules

        from municipality.accounts.backends import PERSON_ANNOTATIONS
        from municipality.notifications import queries
        from municipality.notifications.checks import check_messages

        PERSON_ANNOTATIONS.register("unread_messages", queries.unread_messages())

        autodiscover_modules("notifications")
        register(check_messages, Tags.translation, deploy=True)
