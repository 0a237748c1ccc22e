from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "municipality.accounts"
    label = "accounts"
    verbose_name = _("People")
    default = True

    def ready(self) -> None:
        from municipality.accounts import signals  # noqa: F401  (connects its receivers)


class StaffAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "municipality.accounts.staff_site.StaffSite"
