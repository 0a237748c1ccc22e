"""The public page of a report, and finding one by its number."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from licensing.signage.labels import size_of
from municipality.accounts import known_devices
from municipality.accounts.access import public
from municipality.accounts.limits import AttemptLimit, address_of
from municipality.ui.errors import too_many_requests
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import bilingual
from reports import queries
from reports.models import Report, Severity
from reports.moderation.queries import why_hidden
from reports.places import METRES
from reports.public_page import queries as shown
from reports.public_page.numbers import ReportNumberForm
from reports.public_page.steps import promise

NEWEST = 8
NUMBERS = AttemptLimit("report_number", 30, 600)  # an address; a number that leads to a report is given back


@public
@require_safe
def report(request: HttpRequest, public_id: str) -> HttpResponse:
    """What became of a report: consequences, promise, photos, steps. A hidden one shows why it is hidden and nothing else."""
    row = shown.by_public_id(public_id)
    if row is None:
        raise Http404
    if row.hidden_at is not None:
        return _hidden(request, row)
    found = shown.PublicReport(row)
    context: dict[str, Any] = {
        "report": row,
        "shown": found,
        "name": bilingual(row.category_facts, "name"),
        "severity": Severity(row.severity).label,
        "chain": found.chain(),
        "promise": promise(row),
        "result": found.result,
        "answers": found.answers(),
        "answer_until": found.answer_until(),
        "board_size": size_of(row.board) if row.board is not None else "",
        "metres": METRES,
        "crumbs": [(_("Reports"), reverse("reports:all")), (bilingual(row.category_facts, "name"), request.path)],
    }
    response = render(request, "reports/public/report.html", context)
    if row.is_open:  # “me too” is counted once for a device
        known_devices.remember(request, response)
    return response


def _hidden(request: HttpRequest, row: Report) -> HttpResponse:
    code, reason = why_hidden(row)
    return render(request, "reports/public/hidden.html", {"code": code, "reason": reason}, status=404)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def every(request: HttpRequest) -> HttpResponse:
    """The newest reports, and a form that finds one by its number, which leads to its page."""
    form, submitted = read_form(request, ReportNumberForm)
    if submitted and form.is_valid():
        address = address_of(request)
        if not NUMBERS.take(address):
            return too_many_requests(request, NUMBERS.seconds)
        row = Report.objects.filter(number=form.cleaned_data["number"]).first()
        if row is not None:
            NUMBERS.give_back(address)
            return redirect("reports:report", row.public_id)
        form.add_error("number", _("There is no report with this number. Compare it with the message or the page after sending."))
    context = {"form": form, "newest": shown.newest(queries.public_reports(), NEWEST)}
    return render(request, "reports/public/all.html", context, status=400 if submitted else 200)
