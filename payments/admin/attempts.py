from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import URLPattern
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.ui.admin_base import ReadOnlyInline, code, column, dinars, structure
from municipality.ui.code_labels import label_of
from payments.admin.base import EventInline, MoneyAdmin, by_at
from payments.admin.reviews import ReviewPages
from payments.models import Attempt, AttemptEvent, GatewayMessage, Inquiry, PaymentFinding
from payments.states import AttemptState

MAX_SHOWN = 64  # characters of an encrypted text: enough to compare two


class AttemptEventInline(EventInline):
    model = AttemptEvent
    states = AttemptState
    fields = ("at", "step", "reason_code")


class InquiryInline(ReadOnlyInline):
    model = Inquiry
    ordering = ("pk",)
    fields = ("at", "result_code", "outcome_code", "agrees")
    result_code = column(_("bank response"), code, "result")

    @admin.display(description=_("meaning"))
    def outcome_code(self, inquiry: Inquiry) -> SafeString | str:
        return label_of(f"outcome.{inquiry.outcome}")


class FindingInline(ReadOnlyInline):
    model = PaymentFinding
    ordering = ("pk",)
    fields = ("is_taken", "amount", "reference", "proof", "finder", "decider", "is_confirmed", "closed_at")
    amount = column(_("amount"), dinars, "fils")
    reference = column(_("bank reference"), code, "bank_reference")

    @admin.display(description=_("found by"))
    def finder(self, finding: PaymentFinding) -> SafeString:
        return by_at(finding.found_by, finding.found_at)

    @admin.display(description=_("decided by"))
    def decider(self, finding: PaymentFinding) -> SafeString | str:
        return by_at(finding.decided_by, finding.decided_at) if finding.decided_by is not None else "—"


@admin.register(Attempt)
class AttemptAdmin(MoneyAdmin):
    list_display = ("track", "amount", "state", "created_at", "settled_at")
    list_filter = ("state",)
    search_fields = ("trackid", "payment_id", "ref")
    inlines = (InquiryInline, FindingInline, AttemptEventInline)
    fields = (
        *("track", "amount", "state", "bills", "payment_code", "transaction_code", "reference_code", "authorisation_code"),
        *("created_at", "redirected_at", "acknowledged_at", "page_expires_at", "settled_at"),
    )
    track = column(_("track ID"), code, "trackid", ordering="trackid")
    amount = column(_("amount"), dinars, "fils", ordering="fils")
    payment_code = column(_("payment ID"), code, "payment_id")
    transaction_code = column(_("transaction ID"), code, "tran_id")
    reference_code = column(_("bank reference"), code, "ref")
    authorisation_code = column(_("authorisation number"), code, "auth")

    def get_urls(self) -> list[URLPattern]:
        return [*ReviewPages(self).urls(), *super().get_urls()]

    def person_of(self, row: Any) -> tuple[str, str] | None:
        if row.started_by is not None:
            return row.started_by.key, row.key
        allocation = row.allocations.select_related("bill__payer").order_by("bill_id").first()
        return (allocation.bill.payer.key, row.key) if allocation is not None else None

    @admin.display(description=_("bills"))
    def bills(self, attempt: Attempt) -> SafeString | str:
        return code(" ".join(a.bill.reference for a in attempt.allocations.select_related("bill")))


@admin.register(GatewayMessage)
class GatewayMessageAdmin(MoneyAdmin):
    list_display = ("at", "direction", "kind", "track", "source")
    list_filter = ("direction", "kind")
    list_select_related = ("attempt",)
    fields = ("at", "direction", "kind", "track", "source", "text", "read")
    source = column(_("source address"), code, "remote_addr")
    read = column(_("read from our inquiry"), structure, "decoded")

    @admin.display(description=_("track ID"))
    def track(self, message: GatewayMessage) -> SafeString | str:
        return code(message.attempt.trackid if message.attempt else "")

    @admin.display(description=_("as received"))
    def text(self, message: GatewayMessage) -> SafeString | str:
        if message.kind in ("init", "notification") and len(message.raw) > MAX_SHOWN:
            return code(f"{message.raw[:MAX_SHOWN]}… ({len(message.raw)})")
        return code(message.raw)
