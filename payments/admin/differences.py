"""Differences of the daily match in the admin: lists, export, notes, and closing by two people."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import record
from municipality.kernel import clock, money
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.rulebook.labels import label_of_reason
from municipality.ui.admin_base import ReadOnlyInline, code, column, in_group, moment, require_role
from municipality.ui.code_labels import CODE_LABELS
from municipality.ui.tables import Cell, as_csv, as_xlsx
from municipality.ui.templatetags.portal import bilingual, day, kwd
from payments.admin.base import AUDITOR, CASH_OFFICE, MoneyAdmin, source_of, typed
from payments.admin.home import not_compared
from payments.admin.statements import signed
from payments.models import Difference, DifferenceNote
from payments.services import differences, reconciliation
from payments.states import CASHIER, CHECKER

MAX_EXPORTED = 20_000  # rows of one export
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class NoteInline(ReadOnlyInline):
    model = DifferenceNote
    fields = ("at", "by", "text")


class OpenFilter(admin.SimpleListFilter):
    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("open")), ("closed", _("closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(closed_at__isnull=self.value() == "open") if self.value() in ("open", "closed") else queryset


@admin.register(Difference)
class DifferenceAdmin(MoneyAdmin):
    change_list_template = "admin/payments/difference/change_list.html"
    change_form_template = "admin/payments/difference/change_form.html"
    readers = (AUDITOR, *CASH_OFFICE)
    list_display = ("track", "kind", "day", "bank", "ours", "found_at", "closed_at")
    list_filter = (OpenFilter, "kind")
    search_fields = ("trackid",)
    inlines = (NoteInline,)
    fields = (
        *("track", "kind", "day", "bank", "ours", "file_code", "posting_code", "found_at"),
        *("reason_code", "proposed_by", "closed_by", "closed_at"),
    )
    track = column(_("track ID"), code, "trackid", ordering="trackid")
    file_code = column(_("file"), code, "statement.file_name")
    posting_code = column(_("posting"), code, "posting")
    reason_code = column(_("reason"), label_of_reason, "code")

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("days/", guarded(self.days), name="payments_difference_days"),
            path("export.<slug:kind>", guarded(self.export), name="payments_difference_export"),
            path(
                "<int:difference_id>/work/",
                guarded(reauthentication_required(self.work, when=steps("close"))),
                name="payments_difference_work",
            ),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        missing = {"not_compared": not_compared(request), "may_load": in_group(request, CASHIER)}
        return super().changelist_view(request, {**(extra_context or {}), **missing})

    def page_facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"may_work": in_group(request, *CASH_OFFICE)}

    def _require_reader(self, request: HttpRequest) -> str:
        role = self.reader(request)
        if not role:
            raise PermissionDenied
        return role

    def days(self, request: HttpRequest) -> HttpResponse:
        """Totals of the last days by bank, gateway and ledger; a day without a statement says so."""
        self._require_reader(request)
        rows = [
            (
                totals.day,
                None if totals.bank is None else code(signed(totals.bank)),
                code(signed(totals.gateway)),
                code(signed(totals.ledger)),
                totals.by_hand,
                totals.agrees,
            )
            for totals in reconciliation.days()
        ]
        context: dict[str, Any] = {"rows": rows, "today": clock.today(), "may_load": in_group(request, CASHIER)}
        return self.page(request, "days", title=_("The three books by day"), error="", **context)

    def export(self, request: AuthenticatedHttpRequest, kind: str) -> HttpResponse:
        """Export the differences as CSV, or with the totals by day as XLSX."""
        role = self._require_reader(request)
        if kind not in TYPES:
            raise Http404
        rows = [_cells(row) for row in Difference.objects.select_related("statement", "posting").order_by("-pk")[:MAX_EXPORTED]]
        head = [gettext("Track ID"), gettext("Kind"), gettext("Day"), gettext("At the bank, fils"), gettext("In the ledger, fils")]
        head += [
            gettext("At the bank"),
            gettext("In the ledger"),
            gettext("File"),
            gettext("Posting"),
            gettext("Found at"),
            gettext("Closed at"),
            gettext("Reason"),
        ]
        if kind == "csv":
            content = as_csv(head, rows)
        else:
            by_day: list[list[Cell]] = [
                [totals.day.isoformat(), "" if totals.bank is None else totals.bank, totals.gateway, totals.ledger, totals.by_hand]
                for totals in reconciliation.days(count=31)
            ]
            day_head = [gettext("Day"), gettext("At the bank, fils"), gettext("At the gateway, fils"), gettext("In the ledger, fils")]
            day_head.append(gettext("Returned by bank transfer, fils"))
            content = as_xlsx([(gettext("Differences"), head, rows), (gettext("Days"), day_head, by_day)])
        user = request.user
        with transaction.atomic():
            record("difference.exported", subject=user.key, actor=Actor(role, user.key), data={"as": kind, "rows": len(rows)})
        response = HttpResponse(content, content_type=TYPES[kind])
        response["Content-Disposition"] = f'attachment; filename="differences-{clock.today().isoformat()}.{kind}"'
        return response

    def work(self, request: AuthenticatedHttpRequest, difference_id: int) -> HttpResponse:
        """One difference with its notes and steps."""
        require_role(request, *CASH_OFFICE)
        rows = Difference.objects.select_related("statement", "posting", "proposed_by")
        difference = rows.filter(pk=difference_id).first()
        if difference is None:
            raise Http404
        error, status = "", 200
        if request.method == "POST":
            try:
                self._apply_step(request, difference)
            except Refused as refusal:
                error, status = str(refusal.sentence), refusal.status
                difference = rows.get(pk=difference_id)
            else:
                self.message_user(request, _("Recorded under your name."))
                return HttpResponseRedirect(reverse("admin:payments_difference_work", args=[difference.pk]))
        is_cashier, is_open = in_group(request, CASHIER), difference.closed_at is None
        reasons = differences.difference_reasons() if is_open else []
        return self.page(
            request,
            "difference",
            status=status,
            title=_("Difference"),
            difference=difference,
            facts=self._facts(difference),
            seen=differences.shown(difference),  # before the notes: never newer than what is shown
            notes=list(difference.notes.select_related("by").order_by("pk")),
            is_open=is_open,
            may_propose=is_open and is_cashier and difference.proposed_by is None,
            may_ask=is_open and is_cashier and difference.attempt_id is not None,
            may_correct=is_open and is_cashier and difference.posting_id is not None,
            may_close=is_open and in_group(request, CHECKER) and difference.proposed_by is not None,
            reasons=reasons,
            source=source_of(reasons),
            typed=typed(request, "text", "code", "words"),
            error=error,
        )

    def _apply_step(self, request: AuthenticatedHttpRequest, difference: Difference) -> None:
        step, seen = request.POST.get("step"), request.POST.get("seen", "")
        if step == "note":
            differences.add_note(difference=difference, by=request.user, text=request.POST.get("text", ""))
        elif step == "ask":
            differences.ask_gateway(difference=difference, by=request.user)
        elif step == "propose":
            differences.propose_closing(difference=difference, proposed_by=request.user, code=request.POST.get("code", ""), seen=seen)
        elif step == "close":
            differences.close_difference(difference=difference, closed_by=request.user, seen=seen)
        elif step == "send_back":
            words = request.POST.get("words", "")
            differences.send_back_closing(difference=difference, checker=request.user, words=words, seen=seen)
        else:
            raise Refused("no_step", _("Please choose what to do."))

    def _facts(self, difference: Difference) -> list[tuple[Any, Any]]:
        facts = [
            (_("track ID"), self.track(difference)),
            (_("kind"), difference.get_kind_display()),
            (_("day"), day(difference.day)),
            (_("at the bank"), self.bank(difference)),
            (_("in the ledger"), self.ours(difference)),
            (_("file"), self.file_code(difference)),
            (_("posting"), self.posting_code(difference)),
        ]
        if difference.proposed_by is not None:
            facts += [(_("proposed by"), bilingual(difference.proposed_by, "name")), (_("reason"), self.reason_code(difference))]
        if difference.closed_at is not None:
            facts += [(_("closed at"), moment(difference.closed_at))]
        return facts

    @admin.display(description=_("at the bank"))
    def bank(self, difference: Difference) -> SafeString | str:
        return kwd(difference.bank_fils) if difference.bank_fils else "—"

    @admin.display(description=_("in the ledger"))
    def ours(self, difference: Difference) -> SafeString | str:
        return kwd(difference.ledger_fils) if difference.ledger_fils else "—"


def _cells(row: Difference) -> list[Cell]:
    return [
        row.trackid,
        str(row.get_kind_display()),
        row.day.isoformat(),
        row.bank_fils,
        row.ledger_fils,
        money.to_text(row.bank_fils),
        money.to_text(row.ledger_fils),
        row.statement.file_name,
        row.posting.key if row.posting else "",
        moment(row.found_at),
        moment(row.closed_at) if row.closed_at else "",
        str(CODE_LABELS.get(row.code, row.code)),
    ]
