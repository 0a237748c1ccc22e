"""The page of a file of plots with its difference map, and the page of its undoing."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.imports import views as imports
from municipality.imports.models import ImportFile
from municipality.imports.views import file_or_404
from municipality.kernel.errors import Refused
from municipality.ui.admin_base import in_group, staff_page
from zoning.geometry.systems import SYSTEMS
from zoning.imports import difference, undo
from zoning.imports.roles import PLANNER
from zoning.models import LoadUndo, PlotFinding, PlotRow

SHOWN = 50  # findings and repaired plots on the page


def file(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The platform's page of a file, with the difference map (of the block in `?area=&block=`), findings and the link to its undoing."""
    response = imports.file(request, kind="plots", public_id=public_id)
    if isinstance(response, TemplateResponse) and response.context_data is not None:
        row = response.context_data["row"]
        is_drawn = row.checked_at is not None and row.refused_at is None
        system = SYSTEMS.get(row.encoding)
        response.context_data |= {
            "system": system.name if system else row.encoding,
            "difference": difference.draw(row, request.GET.get("area", "")[:20], request.GET.get("block", "")[:10]) if is_drawn else None,
            "findings": PlotFinding.objects.filter(file=row).select_related("area").order_by("-kind", "pk")[:SHOWN],
            "repaired": PlotRow.objects.filter(file=row, was_repaired=True).defer("geometry", "original").order_by("line")[:SHOWN],
            "undo": _undo_of(row.pk),
            "may_undo": row.released_at is not None and (row.done_at is not None or row.stopped_at is not None),
        }
    return response


def _undo_of(file: int) -> LoadUndo | None:
    """The newest undoing of a load, refused ones too."""
    return LoadUndo.objects.filter(file=file).select_related("asked_by", "allowed_by", "refused_by", "event").order_by("-pk").first()


@require_http_methods(["GET", "HEAD", "POST"])
def undoing(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The undoing of a load: asked for with a reason, allowed or refused by a second person, and how far it is."""
    row, error = file_or_404(request, "plots", public_id), ""
    if request.method == "POST":
        try:
            _step(request, row)
            return redirect("admin:plot_undo", row.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
    found = _undo_of(row.pk)
    is_open = found is not None and found.event_id is None and found.refused_at is None
    is_running = found is not None and found.event_id is not None and found.done_at is None
    is_mine = found is not None and found.asked_by_id == request.user.pk
    is_planner = in_group(request, PLANNER)
    context = {
        "title": _("Undoing of a load"),
        "row": row,
        "undo": found,
        "error": error,
        "reason": request.POST.get("reason", ""),
        "is_open": is_open,
        "is_running": is_running,
        "is_mine": is_mine,
        "may_ask": found is None or found.refused_at is not None,
        "may_allow": is_open and is_planner and not is_mine,
        "may_refuse": is_open and (is_planner or is_mine),
    }
    response = staff_page(request, "admin/zoning/undo.html", 409 if error else 200, **context)
    if is_running and not error:
        response["Refresh"] = str(imports.REFRESH_SECONDS)
    return response


def _step(request: AuthenticatedHttpRequest, row: ImportFile) -> None:
    step, found = request.POST.get("step", ""), _undo_of(row.pk)
    if step == "ask":
        undo.ask(file=row, reason=request.POST.get("reason", ""), asked_by=request.user)
    elif step == "allow" and found is not None:
        undo.allow(undo=found, allowed_by=request.user)
    elif step == "refuse" and found is not None:
        undo.refuse(undo=found, refused_by=request.user)
    else:
        raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))
