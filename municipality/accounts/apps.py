from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "municipality.accounts"
    label = "accounts"
    verbose_name = _("People")
    default = True

    def ready(self) -> None:
        from municipality.accounts import (
            queries,
            signals,  # noqa: F401  (connects its receivers)
        )
        from municipality.accounts.backends import PERSON_ANNOTATIONS
        from municipality.audit.registry import BRANCH_OF

        BRANCH_OF.register("staff", queries.branch_code)
        PERSON_ANNOTATIONS.register("has_signed", queries.has_signed())


class StaffAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "municipality.accounts.staff_site.StaffSite"
