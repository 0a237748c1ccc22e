"""Refunds in the admin, and the page on which two people pay them out."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import digits
from municipality.kernel.errors import Refused
from municipality.rulebook.labels import label_of_reason
from municipality.ui.admin_base import code, column, dinars, in_group, moment, require_role
from municipality.ui.templatetags.portal import bilingual, kwd, ref, tag
from municipality.ui.texts import Text
from payments import services
from payments.admin.base import AUDITOR, CASH_OFFICE, EventInline, MoneyAdmin, by_at, source_of, typed, what_for
from payments.models import RefundDue, RefundEvent, RefundWay
from payments.providers.knet.errors import meaning_of
from payments.registry import GROUNDS
from payments.rules import DEPOSITS
from payments.services.returns import is_by_hand, refund_reasons, remaining_of
from payments.states import CASHIER, CHECKER, RefundState

S = RefundState
DEPOSIT_OVER = "deposit_over"  # of the reasons in the rulebook
# State → role → form.
FORMS: dict[str, dict[str, str]] = {
    S.DUE: {CASHIER: "propose"},
    S.PROPOSED: {CHECKER: "approve"},
    S.UNKNOWN: {CASHIER: "look_up"},
    S.LOOKED_UP: {CHECKER: "confirm"},
}


def is_deposit(refund: RefundDue) -> bool:
    """Whether a deposit goes back, not a bill, a part of one or a whole payment."""
    return refund.line is not None and refund.line.revenue_account == DEPOSITS


def _paid_by(refund: RefundDue) -> Text:
    """Whose money it is, where somebody else paid the bill of the payer."""
    person = refund.attempt.started_by
    return _("Visitor, not signed in") if person is None else bilingual(person, "name")


def failure_text(refund: RefundDue) -> SafeString | str:
    """That the last try to pay a refund out failed, when, and with which reason and code of the bank; "" otherwise."""
    return _failed(refund.failure) if refund.failure is not None else ""


def _failed(event: RefundEvent) -> SafeString | str:
    text = format_html("{}: {}", moment(event.at), label_of_reason(event.reason))
    result = event.data.get("result")
    return format_html("{} ({} {}: {})", text, _("the bank’s code"), ref(result), meaning_of(result)) if result else text


def _said(step: str, refund: RefundDue) -> Text:
    """What a step did, and who is next."""
    if step == "propose":
        return _("Proposed. A second person of finance approves it.")
    if step == "approve" and refund.way == RefundWay.GATEWAY:
        return _("Approved. The bank is asked to pay it back; its answer appears here.")
    if step == "approve":
        return _("Approved. It is recorded as paid back, with the bank’s reference.")
    return _("Done. The next step is with the other person or with the bank.")


def _earlier_failure(refund: RefundDue) -> SafeString | str:
    """That an earlier try failed, for whoever approves the next; "" where none did."""
    event = RefundEvent.objects.filter(subject=refund, move="fail").order_by("-pk").first()
    return _failed(event) if event is not None else ""


def _number(text: str) -> int:
    """A number of a hidden field; -1, which nothing has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


class FailedFilter(admin.SimpleListFilter):
    title = _("last try")
    parameter_name = "failed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("refused by the bank or not paid out"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RefundDue]) -> QuerySet[RefundDue]:
        return queryset.filter(state=S.DUE, last_event__move="fail") if self.value() == "yes" else queryset


class RefundEventInline(EventInline):
    model = RefundEvent
    states = RefundState


@admin.register(RefundDue)
class RefundAdmin(MoneyAdmin):
    change_form_template = "admin/payments/refunddue/change_form.html"
    readers = (AUDITOR, *CASH_OFFICE)
    list_display = ("payment_code", "amount", "reason_code", "standing", "due_since")
    list_filter = ("state", FailedFilter)
    list_select_related = ("attempt", "last_event")
    inlines = (RefundEventInline,)
    fields = (
        *("payment_code", "bill_code", "deposit", "subject_code", "person", "amount", "reason_code", "standing", "due_since"),
        *("ground", "way", "remaining", "proposer", "approver", "sent_at", "reference", "paid_out_at"),
    )
    amount = column(_("amount"), dinars, "fils", ordering="fils")
    reason_code = column(_("owed because"), label_of_reason, "reason")
    ground = column(_("ground"), label_of_reason, "code")
    remaining = column(_("left of the payment"), dinars, "remaining_fils")
    reference = column(_("bank reference"), code, "bank_reference")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(reauthentication_required(self.pay_out, when=steps("approve", "confirm")))
        return [path("<int:refund_id>/pay-out/", page, name="payments_refunddue_pay_out"), *super().get_urls()]

    def person_of(self, row: Any) -> tuple[str, str] | None:
        return row.payer.key, row.key

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """The list, whose rows lead the cash office to the step that waits."""
        if not in_group(request, *CASH_OFFICE):
            return super().get_changelist(request, **options)

        class ToPayOut(ChangeList):
            def url_for_result(self, result: Any) -> str:
                return reverse("admin:payments_refunddue_pay_out", args=[result.pk])

        return ToPayOut

    def page_facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"may_act": in_group(request, *CASH_OFFICE)}

    def pay_out(self, request: AuthenticatedHttpRequest, refund_id: int) -> HttpResponse:
        """The next step of a refund for this role. 409 when the page is out of date."""
        require_role(request, *CASH_OFFICE)
        refund = RefundDue.objects.select_related("attempt", "allocation__bill", "line__bill", "payer").filter(pk=refund_id).first()
        if refund is None:
            raise Http404
        if request.method != "POST":
            self.log_row_access(request, refund)
            return self._page(request, refund)
        try:
            self._apply_step(request, refund)
        except Refused as refusal:
            return self._page(request, RefundDue.objects.get(pk=refund.pk), refusal)
        self.message_user(request, str(_said(request.POST.get("step", ""), RefundDue.objects.get(pk=refund.pk))))
        return HttpResponseRedirect(reverse("admin:payments_refunddue_pay_out", args=[refund.pk]))

    def _apply_step(self, request: AuthenticatedHttpRequest, refund: RefundDue) -> None:
        user = request.user
        data = request.POST
        remaining, seen = _number(data.get("remaining", "")), _number(data.get("seen", ""))
        reference = digits.clean(data.get("bank_reference", ""))
        step = data.get("step")
        if step == "propose":
            services.propose_refund(
                refund=refund,
                proposed_by=user,
                code=data.get("code", ""),
                way=data.get("way", ""),
                remaining_fils=remaining,
                bank_reference=reference,
            )
        elif step == "approve":
            services.approve_refund(refund=refund, approved_by=user, remaining_fils=remaining, seen=seen)
        elif step == "send_back":
            services.send_back_refund(refund=refund, checker=user, seen=seen)
        elif step == "look_up" and data.get("paid") in ("yes", "no"):
            services.look_up_refund(refund=refund, found_by=user, is_paid=data["paid"] == "yes", bank_reference=reference)
        elif step in ("confirm", "disagree"):
            services.confirm_finding(refund=refund, confirmed_by=user, agrees=step == "confirm", seen=seen)
        else:
            raise Refused("no_step", _("Please choose what to do."))

    def _page(self, request: HttpRequest, refund: RefundDue, refusal: Refused | None = None) -> HttpResponse:
        forms = [form for role, form in FORMS.get(refund.state, {}).items() if in_group(request, role)]
        remaining = remaining_of(refund)
        reasons = refund_reasons() if "propose" in forms else []
        given = typed(request, "code", "way", "bank_reference")
        if refund.reason == "board_ended" and not given["code"]:
            given["code"] = DEPOSIT_OVER  # what the row itself says
        return self.page(
            request,
            "refund",
            status=refusal.status if refusal else 200,
            title=_("Paying back"),
            refund=refund,
            remaining=remaining,
            facts=self._facts(refund, remaining),
            forms=forms,
            reasons=reasons,
            source=source_of(reasons),
            failure=failure_text(refund),
            ways=[choice for choice in RefundWay.choices if choice[0] == RefundWay.BY_HAND or not is_by_hand(refund)],
            typed=given,
            error=refusal.sentence if refusal else "",
        )

    def _facts(self, refund: RefundDue, remaining: int) -> list[tuple[Any, Any]]:
        facts = [
            (_("payment ID"), self.payment_code(refund)),
            (_("bill"), self.bill_code(refund)),
            *([(_("deposit"), self.deposit(refund))] if is_deposit(refund) else []),
            (_("payer"), bilingual(refund.payer, "name")),
            *([(_("paid by"), _paid_by(refund))] if refund.attempt.started_by_id != refund.payer_id else []),
            (_("amount"), kwd(refund.fils)),
            (_("left of the payment"), kwd(remaining - (refund.fils if refund.state == S.PAID_OUT else 0))),
            (_("state"), refund.get_state_display()),
            (_("owed because"), self.reason_code(refund)),
            (_("due since"), moment(refund.due_since)),
        ]
        if refund.line is not None and (found := GROUNDS.get(refund.line.bill.kind)) is not None:
            facts += [
                (label, format_html('<a href="{}" target="_blank" rel="noopener">{}</a>', url, _("Look"))) for label, url in found(refund)
            ]
        if is_by_hand(refund):
            url = reverse("admin:payments_attempt_review", args=[refund.attempt_id])
            facts += [(_("Found at the bank"), format_html('<a href="{}">{}</a>', url, _("Look")))]
        if refund.failure is not None:  # its proposal is over; the course of the refund keeps who made it
            return [*facts, (_("last try"), failure_text(refund))]
        if refund.proposed_by is not None:
            facts += [(_("ground"), self.ground(refund)), (_("way"), refund.get_way_display())]
            facts += [(_("proposed by"), by_at(refund.proposed_by, refund.proposed_at))]
        if failed := _earlier_failure(refund):
            facts += [(_("earlier try"), failed)]
        if refund.approved_by is not None:
            facts += [(_("approved by"), by_at(refund.approved_by, refund.approved_at))]
        if refund.bank_reference:
            facts += [(_("bank reference"), code(refund.bank_reference))]
        return facts

    @admin.display(description=_("payment ID"))
    def payment_code(self, refund: RefundDue) -> SafeString | str:
        return code(refund.attempt.payment_id or refund.attempt.trackid)

    @admin.display(description=_("bill"))
    def bill_code(self, refund: RefundDue) -> SafeString | str:
        return code(refund.bill.reference if refund.bill else "")

    @admin.display(description=_("deposit"))
    def deposit(self, refund: RefundDue) -> str:
        return bilingual(refund.line, "label") if is_deposit(refund) else "—"

    @admin.display(description=_("what it is for"))
    def subject_code(self, refund: RefundDue) -> SafeString | str:
        return what_for(refund.subject, refund.bill)

    @admin.display(description=_("payer"))
    def person(self, refund: RefundDue) -> str:
        return str(bilingual(refund.payer, "name"))

    @admin.display(description=_("state"), ordering="state")
    def standing(self, refund: RefundDue) -> SafeString | str:
        failure = failure_text(refund)
        look = "ok" if refund.state in (S.PAID_OUT, S.RELEASED) else "wait" if refund.state in (S.APPROVED, S.SENDING) else "warn"
        label = tag(look, refund.get_state_display())
        return format_html("{} {}<br><small>{}</small>", label, tag("bad", _("not paid out")), failure) if failure else label

    @admin.display(description=_("proposed by"))
    def proposer(self, refund: RefundDue) -> SafeString | str:
        return "—" if refund.failure or refund.proposed_by is None else bilingual(refund.proposed_by, "name")

    @admin.display(description=_("approved by"))
    def approver(self, refund: RefundDue) -> SafeString | str:
        return "—" if refund.failure or refund.approved_by is None else bilingual(refund.approved_by, "name")
