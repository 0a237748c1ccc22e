"""The pages of an inspection for its owner: appointment, self-check, result."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.inspections import labels, queries, services
from licensing.inspections.files import SELF, own_slots
from licensing.inspections.forms import ChecklistForm, TimeForm, time_label
from licensing.inspections.services import appointments
from licensing.inspections.services.self_checks import send_self_check
from licensing.inspections.states import InspectionState
from licensing.models import DayPart, Inspection
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.delegation.authorization import authorize
from municipality.kernel.errors import Refused
from municipality.ui.language import is_switch, read_form
from municipality.uploads.fields import fields_of


def _row(request: AuthenticatedHttpRequest, public_id: str) -> Inspection:
    row = Inspection.objects.filter(public_id=public_id).select_related(*queries.RELATED).first()
    if row is None:
        raise Http404
    authorize(request.user, row)
    return row


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def inspection(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Appointment and result; a POST chooses a time, or asks for another inspection after a failed one."""
    row = _row(request, public_id)
    refusal: Refused | None = None
    form: TimeForm | None = None
    if request.method == "POST" and not is_switch(request):
        try:
            if request.POST.get("step") == "again":
                again = services.ask_again(inspection=row, person=request.user)
                messages.info(request, _("Another inspection is ordered. Choose its day."))
                return redirect("licensing:inspection", public_id=again.public_id)
            form = TimeForm(request.POST, inspection=row)
            if form.is_valid():
                appointments.choose(inspection=row, person=request.user, time=form.cleaned_data["time"])
                messages.info(request, _("The day of the inspection is set."))
                return redirect("licensing:inspection", public_id=public_id)
        except Refused as refused:
            refusal = refused
            row = _row(request, public_id)
    status = refusal.status if refusal else 400 if form is not None else 200
    return render(request, "licensing/inspections/inspection.html", _context(request, row, form, refusal), status=status)


def _context(request: AuthenticatedHttpRequest, row: Inspection, form: TimeForm | None, refusal: Refused | None) -> dict[str, object]:
    may_choose = row.state == InspectionState.REQUESTED or appointments.may_move(row)
    is_over = row.state in (InspectionState.PASSED, InspectionState.FAILED)
    result = queries.result_of(row)
    photos = labels.photos_of(result)
    lines = labels.result_lines(row, photos) if is_over else []
    time = appointments.Time(row.day, DayPart(row.part)) if row.day is not None else None
    following = row.next.exclude(state=InspectionState.CANCELLED).first() if row.state == InspectionState.FAILED else None
    passed_since = queries.passed_since(row)
    is_last = row.is_open or (row.state == InspectionState.FAILED and following is None and passed_since is None)
    return {
        "inspection": row,
        "form": form or (TimeForm(inspection=row) if may_choose else None),
        "refusal": refusal,
        "standing": labels.STATES[row.state],
        "time": time_label(time) if time is not None else "",
        "may_choose": may_choose,
        "is_over": is_over,
        "closes_after": queries.closes_after(row) if is_last else None,
        "failing": [line for line in lines if line.is_must and not line.meets],
        "advice": [line for line in lines if not line.is_must and not line.meets],
        "lines": lines,
        "differences": [line for line in lines if line.before],
        "photos": photos["place"],
        "result": result,
        "next": following,
        "passed_since": passed_since,
        "has_self_check": row.is_open and row.answers.filter(by_owner=True).exists(),
        "crumbs": [(_("My shops"), reverse("shops:mine")), (_("Inspection"), "")],
    }


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def self_check(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The questions of the inspector, answered by the owner before the visit; afterwards what was answered."""
    row = _row(request, public_id)
    page = reverse("licensing:inspection", args=[public_id])
    sent = labels.self_check_lines(row)
    form, submitted = read_form(request, ChecklistForm, inspection=row)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            send_self_check(inspection=row, person=request.user, answers=form.answers())
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("Your self-check is kept. What the inspector finds is compared with it after the visit."))
            return redirect(page)
    fields = {field.slot.code: field for field in fields_of(request, row.key, own_slots(row), next_path=request.path)}
    context = {
        "inspection": row,
        "form": form,
        "refusal": refusal,
        "sent": sent,
        "is_open": row.is_open and not sent,
        "asked": [(line, fields.get(line.rule.code)) for line in form.lines],
        "field": fields[SELF],
        "crumbs": [(_("My shops"), reverse("shops:mine")), (_("Inspection"), page), (_("Self-check"), "")],
    }
    status = refusal.status if refusal else 400 if submitted else 200
    return render(request, "licensing/inspections/self_check.html", context, status=status)
