"""The ledger in the admin, and the pages of a correction."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.rulebook.labels import label_of_reason
from municipality.ui.admin_base import ReadOnlyInline, code, column, dinars, in_group, moment, require_role
from municipality.ui.templatetags.portal import kwd
from payments.admin.base import AUDITOR, CASH_OFFICE, MoneyAdmin, by_at, source_of, typed
from payments.admin.paid_on_day import DayForm, paid_on
from payments.models import LedgerCorrection, LedgerEntry, LedgerPosting
from payments.services import ledger
from payments.states import CASHIER, CHECKER


class EntryInline(ReadOnlyInline):
    model = LedgerEntry
    fields = ("account_code", "debit", "credit")
    account_code = column(_("account"), code, "account")

    @admin.display(description=_("debit"))
    def debit(self, entry: LedgerEntry) -> SafeString | str:
        return kwd(entry.debit_fils) if entry.debit_fils else "—"

    @admin.display(description=_("credit"))
    def credit(self, entry: LedgerEntry) -> SafeString | str:
        return kwd(entry.credit_fils) if entry.credit_fils else "—"


@admin.register(LedgerPosting)
class PostingAdmin(MoneyAdmin):
    change_form_template = "admin/payments/ledgerposting/change_form.html"
    readers = (AUDITOR, *CASH_OFFICE)
    list_display = ("number", "kind", "amount", "at", "reason_code")
    list_filter = ("kind",)
    list_select_related = ("receipt", "bill", "attempt")
    ordering = ("-at", "-pk")
    search_fields = ("key", "bill__reference", "attempt__trackid")
    inlines = (EntryInline,)
    fields = ("number", "kind", "at", "amount", "payment_code", "bill_code", "receipt_code", "reversed_code", "reason_code")
    number = column(_("number"), code, "number")
    amount = column(_("amount"), dinars, "fils", ordering="fils")
    reason_code = column(_("reason"), label_of_reason, "reason")
    payment_code = column(_("track ID"), code, "attempt.trackid")
    bill_code = column(_("bill"), code, "bill")
    receipt_code = column(_("receipt"), code, "receipt")
    reversed_code = column(_("reversal of"), code, "reversal_of")

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("day/", guarded(self.day), name="payments_ledgerposting_day"),
            path("<int:posting_id>/correct/", guarded(self.correct), name="payments_ledgerposting_correct"),
            *super().get_urls(),
        ]

    def day(self, request: HttpRequest) -> HttpResponse:
        """What was paid on a day, today unless one is chosen, in the order of time, with the total."""
        if not self.reader(request):
            raise PermissionDenied
        form = DayForm(request.GET or None)
        chosen = (form.cleaned_data["day"] if form.is_valid() else None) or clock.today()
        lines, fils = paid_on(chosen)
        context: dict[str, Any] = {"form": form, "chosen": chosen, "lines": lines, "total": fils, "status": 400 if form.errors else 200}
        return self.page(request, "paid", title=_("Paid on a day"), error="", **context)

    def page_facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"may_correct": in_group(request, CASHIER), "works": in_group(request, *CASH_OFFICE)}

    def correct(self, request: AuthenticatedHttpRequest, posting_id: int) -> HttpResponse:
        """Propose to book an amount of a posting on another account."""
        require_role(request, CASHIER)
        posting = LedgerPosting.objects.select_related("attempt", "bill", "receipt").filter(pk=posting_id).first()
        if posting is None:
            raise Http404
        refusal: Refused | None = None
        if request.method == "POST":
            try:
                correction = ledger.propose_correction(
                    posting=posting,
                    from_account=request.POST.get("from_account", ""),
                    to_account=request.POST.get("to_account", "").strip(),
                    code=request.POST.get("code", ""),
                    proposed_by=request.user,
                )
            except Refused as error:
                refusal = error
            else:
                self.message_user(request, _("Proposed: another person decides."))
                return HttpResponseRedirect(reverse("admin:payments_ledgercorrection_change", args=[correction.pk]))
        entries = list(posting.entries.all())
        reasons = ledger.correction_reasons()
        return self.page(
            request,
            "correct",
            status=refusal.status if refusal else 200,
            title=_("Correction"),
            facts=facts_of(posting),
            entries=entries,
            accounts=sorted({entry.account for entry in entries}),
            reasons=reasons,
            source=source_of(reasons),
            typed=typed(request, "from_account", "to_account", "code"),
            error=refusal.sentence if refusal else "",
        )


def facts_of(posting: LedgerPosting) -> list[tuple[Any, Any]]:
    """Labelled values of a posting, for both pages."""
    return [
        (_("number"), code(posting.number)),
        (_("kind"), posting.get_kind_display()),
        (_("amount"), kwd(posting.fils)),
        (_("booked at"), moment(posting.at)),
        (_("track ID"), code(posting.attempt.trackid)),
        (_("bill"), code(posting.bill)),
        (_("receipt"), code(posting.receipt)),
    ]


@admin.register(LedgerCorrection)
class CorrectionAdmin(MoneyAdmin):
    change_form_template = "admin/payments/ledgercorrection/change_form.html"
    readers = (AUDITOR, *CASH_OFFICE)
    list_display = ("posting_code", "source", "target", "reason_code", "proposed_at", "decided_at", "is_approved")
    list_select_related = ("posting",)
    fields = ("posting_code", "source", "target", "reason_code", "proposed_by", "proposed_at", "decided_by", "decided_at", "is_approved")
    posting_code = column(_("posting"), code, "posting.key")
    source = column(_("from account"), code, "from_account")
    target = column(_("to account"), code, "to_account")
    reason_code = column(_("reason"), label_of_reason, "code")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(reauthentication_required(self.decide, when=steps("approve")))
        return [path("<int:correction_id>/decide/", page, name="payments_ledgercorrection_decide"), *super().get_urls()]

    def page_facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"may_decide": in_group(request, CHECKER)}

    def decide(self, request: AuthenticatedHttpRequest, correction_id: int) -> HttpResponse:
        """Approve or drop a proposed correction."""
        require_role(request, CHECKER)
        rows = LedgerCorrection.objects.select_related("posting__attempt", "posting__bill", "posting__receipt", "proposed_by")
        correction = rows.filter(pk=correction_id).first()
        if correction is None:
            raise Http404
        refusal: Refused | None = None
        if request.method == "POST":
            try:
                if request.POST.get("step") not in ("approve", "drop"):
                    raise Refused("no_step", _("Please choose what to do."))
                ledger.decide_correction(correction=correction, decided_by=request.user, approve=request.POST["step"] == "approve")
            except Refused as error:
                refusal = error
            else:
                self.message_user(request, _("The decision is recorded under your name."))
                return HttpResponseRedirect(reverse("admin:payments_ledgercorrection_change", args=[correction.pk]))
        facts = [
            *facts_of(correction.posting),
            (_("from account"), code(correction.from_account)),
            (_("to account"), code(correction.to_account)),
            (_("reason"), label_of_reason(correction.code)),
            (_("proposed by"), by_at(correction.proposed_by, correction.proposed_at)),
        ]
        return self.page(
            request,
            "decide",
            status=refusal.status if refusal else 200,
            title=_("Decision on a correction"),
            facts=facts,
            entries=correction.posting.entries.all(),
            is_open=correction.decided_by_id is None,
            error=refusal.sentence if refusal else "",
        )
