"""Statements of the bank in the admin: load, preview, take or drop."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock, money
from municipality.kernel.errors import Refused
from municipality.ui.admin_base import code, column, in_group, require_role
from municipality.ui.templatetags.portal import day, kwd
from municipality.ui.texts import Text
from payments.admin.base import AUDITOR, CASH_OFFICE, MoneyAdmin, by_at
from payments.models import BankStatement
from payments.services import reconciliation
from payments.statements.mapping import MAX_BYTES, REQUIRED, StatementNotReadable, mapping
from payments.states import CASHIER


def signed(fils: int) -> str:
    """A possibly negative amount in fils, as text."""
    return f"{'-' if fils < 0 else ''}{money.to_display(abs(fils))}"


_COLUMNS = {
    "kind": _("Kind of movement"),
    "trackid": _("Track ID of the payment"),
    "amount": _("Amount"),
    "day": _("Day"),
    "payment_id": _("Payment ID"),
    "ref": _("Reference at the bank"),
}
_SAMPLE = {"trackid": "ABC123", "payment_id": "100202600012345", "ref": "260101000123"}


def _format() -> dict[str, Any]:
    """What a file must hold, and a sample of it, by the mapping in force."""
    layout, day_shown = mapping(), clock.today()
    sample = _SAMPLE | {
        "kind": next(iter(layout.kinds)),
        "amount": "10000" if layout.unit == "fils" else "10.000",
        "day": day_shown.strftime(layout.date_format),
    }
    names = [name for name in layout.columns if name in _COLUMNS]
    lines = ([layout.columns[name] for name in names], [sample[name] for name in names])
    return {
        "columns": [(layout.columns[name], _COLUMNS[name], name in REQUIRED) for name in names],
        "kinds": ", ".join(layout.kinds),
        "sample": "\n".join(layout.delimiter.join(line) for line in lines),
        "bank_url": settings.BANK_STATEMENT_URL,
    }


@admin.register(BankStatement)
class StatementAdmin(MoneyAdmin):
    change_list_template = "admin/payments/bankstatement/change_list.html"
    change_form_template = "admin/payments/bankstatement/change_form.html"
    readers = (AUDITOR, *CASH_OFFICE)
    list_display = ("file_code", "first_day", "last_day", "count", "net", "loaded_at", "taken_at")
    fields = (
        "file_code",
        "digest",
        "first_day",
        "last_day",
        "count",
        "net",
        "loaded_by",
        "loaded_at",
        "taken_by",
        "taken_at",
        "dropped_at",
    )
    file_code = column(_("file"), code, "file_name", ordering="file_name")
    digest = column(_("fingerprint"), code, "sha256")

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("load/", guarded(self.load), name="payments_bankstatement_load"),
            path("<int:statement_id>/take/", guarded(self.take), name="payments_bankstatement_take"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "may_load": in_group(request, CASHIER)})

    def page_facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"may_take": in_group(request, CASHIER)}

    def load(self, request: AuthenticatedHttpRequest) -> HttpResponse:
        """Load a file of the bank; with errors, which are listed by line, nothing is saved."""
        require_role(request, CASHIER)
        if request.method == "GET" and "sample" in request.GET:
            content = _format()["sample"].encode(mapping().encoding)
            headers = {"Content-Disposition": 'attachment; filename="sample.csv"'}
            return HttpResponse(content, content_type="text/csv", headers=headers)
        errors: list[tuple[int, Text]] = []
        status = 200
        if request.method == "POST":
            upload = request.FILES.get("file")
            try:
                if upload is None:
                    raise StatementNotReadable([(0, _("Please choose a file."))])
                content = upload.read(MAX_BYTES + 1)
                statement = reconciliation.load_statement(content=content, file_name=upload.name or "", loaded_by=request.user)
            except StatementNotReadable as error:
                errors, status = error.errors, 400
            except Refused as refusal:
                errors, status = [(0, refusal.sentence)], refusal.status
            else:
                return HttpResponseRedirect(reverse("admin:payments_bankstatement_take", args=[statement.pk]))
        return self.page(request, "load", status=status, title=_("Load a statement"), errors=errors, error="", **_format())

    def take(self, request: AuthenticatedHttpRequest, statement_id: int) -> HttpResponse:
        """Preview a statement, then take or drop it."""
        require_role(request, CASHIER)
        statement = BankStatement.objects.select_related("loaded_by").filter(pk=statement_id).first()
        if statement is None:
            raise Http404
        error, status = "", 200
        if request.method == "POST":
            try:
                return self._apply_step(request, statement)
            except Refused as refusal:
                error, status = str(refusal.sentence), refusal.status
        facts = [
            (_("file"), self.file_code(statement)),
            (_("first day"), day(statement.first_day)),
            (_("last day"), day(statement.last_day)),
            (_("lines"), statement.count),
            (_("net amount"), self.net(statement)),
            (_("loaded by"), by_at(statement.loaded_by, statement.loaded_at)),
        ]
        is_open = statement.taken_at is None and statement.dropped_at is None
        lines = [(line, kwd(line.fils)) for line in statement.lines.order_by("number")[:20]]
        return self.page(
            request, "take", status=status, title=_("Taking a statement"), facts=facts, lines=lines, is_open=is_open, error=error, errors=[]
        )

    def _apply_step(self, request: AuthenticatedHttpRequest, statement: BankStatement) -> HttpResponse:
        step = request.POST.get("step")
        if step == "take":
            differences = reconciliation.take_statement(statement=statement, taken_by=request.user)
            self.message_user(request, _("Taken and compared. Differences found: %(count)s") % {"count": len(differences)})
            return HttpResponseRedirect(reverse("admin:payments_difference_changelist"))
        if step == "drop":
            reconciliation.drop_statement(statement=statement, dropped_by=request.user)
            self.message_user(request, _("Put aside: it does not count."))
            return HttpResponseRedirect(reverse("admin:payments_bankstatement_changelist"))
        raise Refused("no_step", _("Please choose what to do."))

    @admin.display(description=_("net amount"), ordering="fils")
    def net(self, statement: BankStatement) -> SafeString | str:
        return code(signed(statement.fils))
