"""The pages on which measures against shops are proposed, signed, and lifted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from licensing.admin.inspections import INSPECTOR, SUPERVISOR
from licensing.measures import queries, services, unpaid
from licensing.measures.models import MeasureEnd, MeasureKind
from licensing.measures.registry import report_of
from licensing.models import Inspection, Measure
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.ui import staff_menu
from municipality.ui.admin_base import require_role, staff_page
from municipality.ui.forms import FoldedField, WholeNumberField
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.templatetags.portal import bilingual, counted
from municipality.ui.texts import Text
from shops.register import queries as shops
from shops.register.conflicts import is_tied

LISTED = 50
_TITLE = gettext_lazy("Measures against shops")
_WHOLE = gettext_lazy("Write a whole number of days, such as 30, or leave it empty.")


class ProposeForm(forms.Form):
    """A measure, as it is proposed."""

    shop_no = FoldedField(
        label=gettext_lazy("Commercial licence number of the shop"), help_text=gettext_lazy("As in the register, for example 123456/2020.")
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind of the measure"), choices=MeasureKind)
    code = forms.ChoiceField(label=gettext_lazy("Reason"))
    days = WholeNumberField(
        label=gettext_lazy("Days"), required=False, min_value=1, error_messages={"invalid": _WHOLE, "min_value": _WHOLE}
    )
    inspection_no = FoldedField(label=gettext_lazy("Number of the failed inspection, if it rests on one"), required=False)
    report = FoldedField(label=gettext_lazy("Number of the violation report, if it rests on one"), required=False, max_length=30)
    text = forms.CharField(
        label=gettext_lazy("Facts that were found"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The owner reads them. Without names."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["code"].choices = [(code, f"{bilingual(reason, 'label')}") for code, reason in queries.reasons().items()]
        most = queries.limits()
        fields["days"].help_text = _(
            "Empty: until it is put right. At most %(suspension)s for a suspension, %(closure)s for a closure."
        ) % {kind: counted(most[f"{kind}_days"], "day") for kind in MeasureKind.values}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        number, reference = data.get("shop_no", ""), data.get("inspection_no", "")
        data["shop"] = shops.by_licence([number], "branch").get(number) if number else None
        if number and data["shop"] is None:
            self.add_error("shop_no", _("No shop of the register has this commercial licence number. Please compare it with the licence."))
        data["inspection"] = Inspection.objects.filter(reference=reference).first() if reference else None
        if reference and data["inspection"] is None:
            self.add_error("inspection_no", _("No inspection has this number. Please compare it with its page."))
        return data


class LiftForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("Why it is lifted"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


def standing(row: Measure) -> tuple[str, Text]:
    """Tag and words of the state of a measure."""
    if row.ending:
        return "wait", MeasureEnd(row.ending).label
    if row.signed_at is None:
        return "warn", pgettext_lazy("measure", "Waiting for a second signature")
    return ("warn", _("Lifting asked for")) if row.lift_by_id is not None else ("bad", _("In force"))


@require_http_methods(["GET", "HEAD", "POST"])
def measures(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Propose a measure; below, those of the branch."""
    require_role(request, SUPERVISOR, INSPECTOR)
    form, error = ProposeForm(request.POST if request.method == "POST" else None), ""
    if request.method == "POST" and form.is_valid():
        names = ("shop", "kind", "code", "days", "inspection", "report", "text")
        try:
            row = services.propose(officer=request.user, **{name: form.cleaned_data[name] for name in names})
            messages.success(request, _("Proposed. Another person signs it before anything follows."))
            return redirect("admin:measure", row.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
    page = Paginator(queries.of_branch(request.user.branch_id or ""), LISTED).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "error": error,
        "lines": [(row, standing(row), queries.period(row)) for row in page],
        "unpaid": unpaid.of_branch(request.user.branch_id),
        "older_url": f"?page={page.next_page_number()}" if page.has_next() else "",
        "newer_url": f"?page={page.previous_page_number()}" if page.has_previous() else "",
    }
    status = 409 if error else 400 if form.errors else 200
    return staff_page(request, "admin/licensing/measures.html", status, title=_TITLE, **context)


@require_http_methods(["GET", "HEAD", "POST"])
def measure(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One measure, and what the reader may do with it."""
    require_role(request, SUPERVISOR, INSPECTOR)
    row = Measure.objects.filter(public_id=public_id, shop__branch=request.user.branch_id).select_related(*queries.RELATED).first()
    if row is None:
        raise Http404
    form, error = LiftForm(request.POST if "ask_lift" in request.POST else None), ""
    try:
        if _act(request, row, form):
            return redirect("admin:measure", public_id)
    except Refused as refusal:
        error = str(refusal.sentence)
        row.refresh_from_db()
    is_other = request.user.pk != (row.lift_by_id if row.signed_at else row.proposed_by_id)
    may_sign = services.has_role(request.user, SUPERVISOR) and is_other and not is_tied(request.user, row.shop)
    waits = not row.ending and (row.signed_at is None or row.lift_by_id is not None)
    context = {
        "row": row,
        "standing": standing(row),
        "period": queries.period(row),
        "offence": report_of(row.report),
        "may_sign": may_sign and waits,
        "may_reject": waits and (may_sign or not is_other),
        "form": form if row.is_in_force and row.lift_by_id is None else None,
    }
    status = 409 if error else 400 if form.errors else 200
    return staff_page(request, "admin/licensing/measure.html", status, title=row.get_kind_display(), error=error, **context)


def _act(request: AuthenticatedHttpRequest, row: Measure, form: LiftForm) -> bool:
    """Do what was asked for. Returns whether something was done; raises Refused."""
    if request.method != "POST":
        return False
    if "sign" in request.POST:
        services.sign(measure=row, supervisor=request.user)
    elif "lift" in request.POST:
        services.lift(measure=row, supervisor=request.user)
    elif "reject" in request.POST:
        services.reject(measure=row, user=request.user)
    elif "reject_lift" in request.POST:
        services.reject_lift(measure=row, user=request.user)
    elif "ask_lift" in request.POST and form.is_valid():
        services.ask_lift(measure=row, officer=request.user, text=form.cleaned_data["text"])
    else:
        return False
    messages.success(request, _("Done."))
    return True


PAGES = [path("measures/", measures, name="measures"), path("measures/<slug:public_id>/", measure, name="measure")]
admin.site.add_pages(PAGES)  # type: ignore[attr-defined]
staff_menu.register("licensing", StaffEntry("branch", _TITLE, "admin:measures", (INSPECTOR, SUPERVISOR)))
