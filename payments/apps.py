from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    label = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        from municipality.cases.home_forms import NUMBER_KINDS, NumberKind
        from municipality.cases.obligations import OBLIGATIONS
        from municipality.delegation.registry import OWNERSHIPS
        from municipality.documents.queries import DOCUMENT_KINDS
        from municipality.incidents.models import PortalPart
        from municipality.incidents.registry import SIGNALS
        from payments import obligations, queries, rights
        from payments.documents import ReceiptFacts

        bills = NumberKind(
            title=_("This looks like the number of a bill or a receipt"),
            text=_("It is no request. Bills and receipts open under Payments, after you sign in."),
            button=_("Open Payments"),
            url=lambda _number: reverse("payments:mine"),
        )
        NUMBER_KINDS.register("BIL", bills)
        NUMBER_KINDS.register("RCT", bills)
        SIGNALS.register(PortalPart.PAYMENT, queries.gateway_answers)
        DOCUMENT_KINDS.register(ReceiptFacts.kind, ReceiptFacts)
        OWNERSHIPS.register("payments.Bill", rights.ownership)
        OBLIGATIONS.register("payments", obligations.obligations)
