from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.cases.admin_base import ReadOnlyInline, code
from payments.admin.base import MoneyAdmin
from payments.models import RefundDue, RefundEvent


class RefundEventInline(ReadOnlyInline):
    model = RefundEvent
    fk_name = "subject"
    ordering = ("pk",)
    fields = ("at", "step", "reason_code")
    readonly_fields = fields

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.readonly_fields

    @admin.display(description=_("step"))
    def step(self, event: RefundEvent) -> SafeString | str:
        return code(f"{event.move}: {event.from_state} → {event.to_state}")

    @admin.display(description=_("reason"))
    def reason_code(self, event: RefundEvent) -> SafeString | str:
        return code(event.reason)


@admin.register(RefundDue)
class RefundAdmin(MoneyAdmin):
    list_display = ("payment_code", "amount", "reason_code", "state", "due_since")
    list_filter = ("state",)
    list_select_related = ("attempt",)
    inlines = (RefundEventInline,)
    fields = ("payment_code", "bill_code", "subject_code", "person", "amount", "reason_code", "state", "due_since")
    readonly_fields = fields

    def person_of(self, row: Any) -> tuple[str, str] | None:
        return row.payer.key, row.key

    @admin.display(description=_("payment ID"))
    def payment_code(self, refund: RefundDue) -> SafeString | str:
        return code(refund.attempt.payment_id or refund.attempt.trackid)

    @admin.display(description=_("bill"))
    def bill_code(self, refund: RefundDue) -> SafeString | str:
        return code(refund.allocation.bill.reference if refund.allocation else "")

    @admin.display(description=_("subject"))
    def subject_code(self, refund: RefundDue) -> SafeString | str:
        return code(refund.subject)

    @admin.display(description=_("payer"))
    def person(self, refund: RefundDue) -> str:
        return str(refund.payer.name_ar)

    @admin.display(description=_("amount"), ordering="fils")
    def amount(self, refund: RefundDue) -> SafeString | str:
        return code(refund.amount_display)

    @admin.display(description=_("reason"))
    def reason_code(self, refund: RefundDue) -> SafeString | str:
        return code(refund.reason)
