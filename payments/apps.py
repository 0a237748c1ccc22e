from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    label = "payments"
    verbose_name = "المدفوعات"

    def ready(self) -> None:
        from municipality.documents.queries import KINDS
        from payments.documents import ReceiptFacts

        KINDS.register(ReceiptFacts.kind, ReceiptFacts)
