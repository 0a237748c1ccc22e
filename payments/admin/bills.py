from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.cases.timeline import TIMELINES
from municipality.kernel import clock
from municipality.ui.admin_base import ReadOnlyInline, code, column, dinars
from municipality.ui.templatetags.portal import bilingual, day, tag
from municipality.ui.texts import Text
from payments import queries
from payments.admin.base import EventInline, MoneyAdmin, what_for
from payments.models import Bill, BillEvent, BillLine, Receipt
from payments.states import BillState


class LineInline(ReadOnlyInline):
    model = BillLine
    fields = ("order", "label_ar", "formula_ar", "article_ar", "edition_code", "amount", "account")
    edition_code = column(_("edition"), code, "edition")
    amount = column(_("amount"), dinars, "fils")
    account = column(_("revenue account"), code, "revenue_account")


class BillEventInline(EventInline):
    model = BillEvent
    states = BillState


@admin.register(Bill)
class BillAdmin(MoneyAdmin):
    list_display = ("reference_code", "title_ar", "amount", "state", "issued_at", "until")
    list_filter = ("state",)
    search_fields = ("reference",)
    inlines = (LineInline, BillEventInline)
    fields = ("reference_code", "kind_code", "subject_code", "title_ar", "title_en", "person", "amount", "state", "issued_at", "until")
    reference_code = column(_("reference"), code, "reference", ordering="reference")
    amount = column(_("amount"), dinars, "total_fils", ordering="total_fils")

    def person_of(self, row: Any) -> tuple[str, str] | None:
        return row.payer.key, row.key

    @admin.display(description=_("kind"))
    def kind_code(self, bill: Bill) -> Text:
        return TIMELINES[bill.kind].name if bill.kind in TIMELINES else code(bill.kind)

    @admin.display(description=_("subject"))
    def subject_code(self, bill: Bill) -> SafeString | str:
        return what_for(bill.subject, None)

    @admin.display(description=_("to be paid until"), ordering="due_until")
    def until(self, bill: Bill) -> SafeString | str:
        until, today = bill.due_until, clock.today()
        if until is None:
            return "—"
        if bill.state == BillState.DUE and until < today:  # it may have moved since the bill was made; few bills stay due after it
            until = queries.items_of([bill])[0].until or until
        is_late = bill.state == BillState.DUE and until < today
        return format_html("{} {}", day(until), tag("bad", _("late")) if is_late else "")

    @admin.display(description=_("payer"))
    def person(self, bill: Bill) -> str:
        return str(bilingual(bill.payer, "name"))


@admin.register(Receipt)
class ReceiptAdmin(MoneyAdmin):
    list_display = ("number_code", "bill_code", "amount", "is_valid", "issued_at")
    list_select_related = ("bill", "allocation")
    search_fields = ("number", "bill__reference")
    fields = ("number_code", "bill_code", "amount", "payment_code", "is_valid", "issued_at", "document_code")
    number_code = column(_("number"), code, "number", ordering="number")
    bill_code = column(_("bill"), code, "bill.reference")
    amount = column(_("amount"), dinars, "fils", ordering="fils")
    payment_code = column(_("payment ID"), code, "inquiry.payment_id")
    document_code = column(_("document"), code, "document")

    def person_of(self, row: Any) -> tuple[str, str] | None:
        return row.bill.payer.key, row.bill.key

    @admin.display(description=_("valid"), boolean=True)
    def is_valid(self, receipt: Receipt) -> bool:
        return receipt.allocation.is_settled
