from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "municipality.notifications"
    label = "notifications"
    verbose_name = "الإشعارات"

    def ready(self) -> None:
        from django.core.checks import Tags, register
        from django.utils.module_loading import autodiscover_modules

        from municipality.notifications.checks import check_messages

        autodiscover_modules("notifications")
        register(check_messages, Tags.translation, deploy=True)
