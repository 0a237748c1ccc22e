from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "municipality.notifications"
    label = "notifications"
    verbose_name = "الإشعارات"
