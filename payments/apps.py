from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    label = "payments"
    verbose_name = "المدفوعات"

    def ready(self) -> None:
        from municipality.documents.queries import KINDS
        from payments.documents import KIND

        KINDS[KIND] = _("Receipt")
