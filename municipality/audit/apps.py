from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import pgettext_lazy


class AuditConfig(AppConfig):
    name = "municipality.audit"
    label = "audit"
    verbose_name = pgettext_lazy("app", "Audit log")

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from municipality.audit import ledger

        autodiscover_modules("states", "guards")
        pre_migrate.connect(ledger.before_migrate, dispatch_uid="audit.before_migrate")
        post_migrate.connect(ledger.after_migrate, dispatch_uid="audit.after_migrate")
