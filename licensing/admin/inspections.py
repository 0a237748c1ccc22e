"""The pages of an inspector for their drawn inspections, on a phone and without a line, and of a supervisor who orders one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from licensing.inspections import labels, queries, services
from licensing.inspections.forms import PHOTO, InspectionForm, PutOffForm, time_label
from licensing.inspections.notifications import recipients
from licensing.inspections.services import appointments, visits
from licensing.inspections.states import OPEN, InspectionState
from licensing.models import DayPart, Inspection, InspectionVisit, VisitOutcome
from licensing.workers import queries as workers
from licensing.workers.services import log_names
from municipality.accounts.models import actor_of
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.documents import qr
from municipality.fieldwork import device
from municipality.fieldwork.services import ConfirmationNeeded
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import NotPermitted, Refused
from municipality.ui import staff_menu
from municipality.ui.admin_base import require_role, staff_page
from municipality.ui.forms import FoldedField
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.templatetags.portal import with_refs
from municipality.ui.texts import Text
from shops.register import queries as shops

INSPECTOR, SUPERVISOR = "inspector", "supervisor"
FACTS = "admin/licensing/inspection_facts.html"
LISTED = 50
_TITLE = pgettext_lazy("menu", "Inspections")
MOST_PHOTOS = 4  # of one question


@require_safe
def inspections(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The inspector's own inspections, the next appointment first."""
    require_role(request, INSPECTOR)
    open_rows = list(queries.of_inspector(request.user)[:LISTED])
    done = Inspection.objects.filter(inspector=request.user).exclude(state__in=OPEN).order_by("-ended_at", "-pk")
    return staff_page(
        request,
        "admin/licensing/inspections.html",
        title=_("Inspections"),
        appointed=[(row, _time(row)) for row in open_rows if row.day is not None],
        waiting=[row for row in open_rows if row.day is None],
        done=[(row, labels.STATES[row.state]) for row in done[:10]],
    )


def _time(row: Inspection) -> Text:
    return time_label(appointments.Time(row.day, DayPart(row.part))) if row.day is not None else ""


def _row(request: AuthenticatedHttpRequest, public_id: str) -> Inspection:
    require_role(request, INSPECTOR)
    row = Inspection.objects.filter(public_id=public_id).select_related(*queries.RELATED).first()
    if row is None:
        raise Http404
    if row.inspector_id != request.user.pk:
        raise PermissionDenied
    return row


@require_http_methods(["GET", "HEAD", "POST"])
def inspection(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One inspection with its form; without JavaScript the result is shown on this page and confirmed with the photos."""
    row = _row(request, public_id)
    if request.method != "POST":
        return _page(request, row, InspectionForm(inspection=row))
    form = InspectionForm(request.POST, inspection=row)
    if not form.is_valid():
        return _page(request, row, form, status=400)
    try:
        if form.cleaned_data["confirmed"] and form.require_photos(_sent_photos(request)):
            made, _new, refused = _write(request, row, form)
            for sentence in refused:
                messages.warning(request, str(sentence))
            _say(request, made)
            return redirect("admin:inspection", public_id)
        facts, confirmed = _look(request, row, form)
    except ConfirmationNeeded:
        facts, confirmed = _look(request, row, form)
    except Refused as refusal:
        return _page(request, row, form, status=refusal.status, error=str(refusal.sentence))
    return _page(request, row, form, status=400 if form.errors else 200, confirmed=confirmed, **facts)


def _page(request: AuthenticatedHttpRequest, row: Inspection, form: InspectionForm, *, status: int = 200, **more: Any) -> HttpResponse:
    is_over = row.state in (InspectionState.PASSED, InspectionState.FAILED)
    is_due = row.state == InspectionState.APPOINTED
    result = queries.result_of(row)
    photos = labels.photos_of(result)
    listed = workers.of_shop(row.shop) if is_due and row.shop is not None else []
    if row.shop is not None:
        log_names(actor_of(request.user, INSPECTOR), row.shop, listed)
    context = {
        "row": row,
        "form": form if is_due else None,
        "time": _time(row),
        "standing": labels.STATES[row.state],
        "self_check": labels.self_check_lines(row) if is_due else [],
        "lines": labels.result_lines(row, photos) if is_over else [],
        "photos": photos["place"],
        "unchecked": labels.unchecked_photos(result),
        "workers": listed,
        "drawings": labels.drawings_of(row, request.user) if is_due else [],
        "result": result,
        "code": _code(row) if is_over and row.contact_id is not None else "",
    }
    return staff_page(request, "admin/licensing/inspection.html", status, title=row.reference, **{**context, **more})


def _code(row: Inspection) -> SafeString:
    """The code that leads the owner, who stands beside the inspector, to the result; it opens after signing in."""
    return qr.svg(f"{settings.PORTAL_URL}/inspections/{row.public_id}/", label=_("Code that leads to the result"))


def _look(request: AuthenticatedHttpRequest, row: Inspection, form: InspectionForm) -> tuple[dict[str, Any], str]:
    """What a valid form would record, for `FACTS`, and the value that confirms it. Raises Refused."""
    found = form.result
    assessment = visits.assess(inspection=row, inspector=request.user, found=found)
    facts = {
        "assessment": assessment,
        "outcome": VisitOutcome(assessment.outcome).label,
        "failing": [labels.line_of(answer) for answer in assessment.failing],
        "advice": [labels.line_of(answer) for answer in assessment.advice],
        "failed_until": visits.put_right_by(row) if assessment.outcome == VisitOutcome.FAILED else None,
        "other_time": _time(row) if appointments.is_other_time(row, found.sent.started_at) else "",
        "seen_at": found.sent.started_at,
        "has_recipients": bool(recipients(row)),
    }
    return facts, visits.confirmation(assessment, inspection=row, inspector=request.user, found=found)


def _write(request: AuthenticatedHttpRequest, row: Inspection, form: InspectionForm) -> tuple[InspectionVisit, bool, list[Text]]:
    """Save the visit, then its photos: a refused photo does not undo the result."""
    made, new = visits.record_visit(inspection=row, inspector=request.user, found=form.result, confirmed=form.cleaned_data["confirmed"])
    seen_at = form.cleaned_data["seen_at"]
    photos = {code: device.with_times(request, f"{PHOTO}{code}", seen_at)[:MOST_PHOTOS] for code in form.photo_codes}
    return made, new, visits.add_photos(made=made, sender=request.user, photos=photos)


def _sent_photos(request: HttpRequest) -> dict[str, int]:
    return {name.removeprefix(PHOTO): len(request.FILES.getlist(name)) for name in request.FILES}


def _say(request: HttpRequest, made: InspectionVisit) -> None:
    sentence = _("Recorded: %(outcome)s. The owner is told.")
    if not recipients(made.inspection) and made.inspection.state in OPEN:
        sentence = _(
            "Recorded: %(outcome)s. Nobody of this shop has an account: the portal sets another day, and the branch announces it on paper."
        )
    elif not recipients(made.inspection):
        sentence = _(
            "Recorded: %(outcome)s. Nobody of this shop has an account, so the portal tells nobody. Please hand the result over on paper."
        )
    messages.success(request, sentence % {"outcome": made.get_outcome_display()})


def _of_device(request: AuthenticatedHttpRequest) -> InspectionForm:
    """The form of an entry of a device. Raises NotPermitted where its inspection is not the sender's."""
    rows = Inspection.objects.filter(public_id=request.POST.get("inspection", ""), inspector=request.user)
    row = rows.select_related(*queries.RELATED).first()
    if row is None:
        raise NotPermitted("not_drawn", gettext_lazy("Another inspector was drawn for this place."))
    return InspectionForm(request.POST, inspection=row)


@require_POST
def sync(request: AuthenticatedHttpRequest) -> JsonResponse:
    """Save one visit from the offline queue (`fieldwork.device`)."""
    require_role(request, INSPECTOR)
    try:
        form = _of_device(request)
    except Refused as refusal:
        return device.refusal_response(refusal)
    if form.is_valid():
        form.require_photos(_sent_photos(request))
    return device.respond(form, lambda form: _saved(request, form))


def _saved(request: AuthenticatedHttpRequest, form: InspectionForm) -> device.ReceivedVisit:
    made, new, refused = _write(request, form.row, form)
    if new:
        _say(request, made)  # on the next page that the device opens
    for sentence in refused:
        messages.warning(request, str(sentence))
    return device.ReceivedVisit(form.row.reference, reverse("admin:inspection", args=[form.row.public_id]), new, refused)


@require_POST
def check(request: AuthenticatedHttpRequest) -> JsonResponse:
    """What an entry of the offline queue would record, for its inspector to confirm (`fieldwork.device`)."""
    require_role(request, INSPECTOR)
    try:
        form = _of_device(request)
    except Refused as refusal:
        return device.refusal_response(refusal)
    if form.is_valid():
        form.require_photos({code: len(request.POST.getlist(f"{PHOTO}{code}_taken")) for code in form.photo_codes})
    return device.respond_check(form, lambda form: _checked(request, form))


def _checked(request: AuthenticatedHttpRequest, form: InspectionForm) -> device.VisitCheck:
    try:
        facts, confirmed = _look(request, form.row, form)
    except Refused as refusal:
        return device.VisitCheck(render_to_string(FACTS, {"refusal": refusal, "row": form.row}), refusal=refusal)
    return device.VisitCheck(render_to_string(FACTS, {"row": form.row, **facts}), confirmed)


@require_safe
def worker(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The service worker that keeps the list and the forms of today's visits at hand without a line."""
    require_role(request, INSPECTOR)
    today = queries.of_inspector(request.user).filter(day__lte=clock.today())[:LISTED]
    forms_of_today = [reverse("admin:inspection", args=[row.public_id]) for row in today]
    return device.service_worker(request, form_url=reverse("admin:inspections"), more_urls=forms_of_today)


@require_http_methods(["GET", "HEAD", "POST"])
def put_off(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Move an appointment for a coded reason."""
    row = _row(request, public_id)
    form = PutOffForm(request.POST if request.method == "POST" else None, inspection=row)
    error = ""
    if request.method == "POST" and form.is_valid():
        try:
            appointments.put_off(inspection=row, inspector=request.user, **form.cleaned_data)
            sentence = _("The appointment is moved, and the owner is told why.")
            if not recipients(row):
                sentence = _(
                    "The appointment is moved. Nobody of this shop has an account, so the portal tells nobody. "
                    "Please let the branch announce the new day on paper."
                )
            messages.success(request, sentence)
            return redirect("admin:inspection", public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
    status = 409 if error else 400 if form.errors else 200
    context = {"row": row, "form": form, "time": _time(row), "error": error}
    return staff_page(request, "admin/licensing/inspection_move.html", status, title=_("Move the appointment"), **context)


class OrderForm(forms.Form):
    """The shop, and why it is inspected."""

    shop_no = FoldedField(
        label=gettext_lazy("Commercial licence number of the shop"), help_text=gettext_lazy("As in the register, for example 123456/2020.")
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The owner reads it. Facts, without names."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        number = data.get("shop_no", "")
        related = ("activity", "area", "branch", "owner", "organisation")
        data["shop"] = shops.by_licence([number], *related).get(number) if number else None
        if number and data["shop"] is None:
            self.add_error("shop_no", _("No shop of the register has this commercial licence number. Please compare it with the licence."))
        return data


@require_http_methods(["GET", "HEAD", "POST"])
def order(request: AuthenticatedHttpRequest) -> HttpResponse:
    """A supervisor orders an inspection of a licensed shop; the inspector is drawn. Below, the inspections of the branch."""
    require_role(request, SUPERVISOR)
    form, error = OrderForm(request.POST if request.method == "POST" else None), ""
    if request.method == "POST" and form.is_valid():
        try:
            row = services.order_of_shop(shop=form.cleaned_data["shop"], supervisor=request.user, reason=form.cleaned_data["reason"])
            done = _("Inspection %(number)s is ordered. An inspector was drawn.") % {"number": row.reference}
            messages.success(request, with_refs(done))
            if row.contact_id is None:
                messages.warning(request, _("Nobody of this shop has an account. The branch announces the visit on paper."))
            return redirect("admin:order_inspection")
        except Refused as refusal:
            error = str(refusal.sentence)
            if refusal.code not in ("no_inspector", "no_edition"):  # the others are about the shop
                form.add_error("shop_no", error)
    rows = Inspection.objects.filter(branch=request.user.branch_id).select_related("activity").order_by("-pk")[:LISTED]
    lines = [(row, labels.STATES[row.state], _time(row) if row.state in OPEN else "") for row in rows]
    status = 409 if error else 400 if form.errors else 200
    return staff_page(
        request, "admin/licensing/inspection_order.html", status, title=_("Order an inspection"), form=form, lines=lines, error=error
    )


def _due(request: HttpRequest) -> int:
    rows = Inspection.objects.filter(inspector=request.user.pk, state=InspectionState.APPOINTED)
    return request_cache.get_or_set(("inspections_due", request.user.pk), rows.count)


PAGES = [
    path("inspections/", inspections, name="inspections"),
    path("inspections/order/", order, name="order_inspection"),
    path("inspections/check/", check, name="inspection_check"),
    path("inspections/sync/", sync, name="inspection_sync"),
    path("inspections/worker.js", worker, name="inspection_worker"),
    path("inspections/<slug:public_id>/", inspection, name="inspection"),
    path("inspections/<slug:public_id>/move/", put_off, name="move_inspection"),
]
admin.site.add_pages(PAGES, focused=("inspection", "inspections"))  # type: ignore[attr-defined]
staff_menu.register(
    "licensing",
    StaffEntry("work", _TITLE, "admin:inspections", (INSPECTOR,), count=_due, tile=gettext_lazy("inspections to make")),
    StaffEntry("branch", gettext_lazy("Order an inspection"), "admin:order_inspection", (SUPERVISOR,)),
)
