"""Appealing against a refusal: one page, and one to withdraw."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.health.appeals import queries, services
from licensing.health.appeals.forms import AppealForm
from licensing.health.appeals.registry import APPEALABLES
from licensing.health.appeals.states import APPEAL
from licensing.health.files import APPEAL_SLOT
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.opening import case_or_404
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review.services import queue
from municipality.review.services.case_clock import promised_day
from municipality.review.shared_pages import withdrawal_page
from municipality.rulebook import queries as rulebook
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import ref
from municipality.uploads.fields import field_of


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The refusal, who decides and until when, and the form: words and files."""
    case, allowed = case_or_404(request.user, public_id, service=APPEALABLES)
    form, submitted = read_form(request, AppealForm)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            filed = services.file(case=case, person=request.user, words=form.cleaned_data["words"])
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The appeal is filed. Another branch decides it."))
            return redirect("cases:case", public_id=filed.case.public_id)
    until = queries.last_day(case)
    if until is None and refusal is None:
        return redirect("cases:case", public_id=case.public_id)
    edition = rulebook.edition(queries.LIMITS, clock.today())
    context = {
        "case": case,
        "decision": queries.refusal_of(case),
        "access": allowed,
        "form": form,
        "refusal": refusal,
        "until": until,
        "limits": edition.limits,
        "due_on": promised_day(edition),
        "answer_by": clock.today() + dt.timedelta(days=edition.limits["appeal_answer_days"].value),
        "field": field_of(request, case.key, APPEAL_SLOT.code, next_path=request.path),
        "crumbs": [
            (_("My requests"), reverse("cases:mine")),
            (ref(case.reference), reverse("cases:case", args=[case.public_id])),
            (_("Appeal"), ""),
        ],
    }
    return render(request, "licensing/appeal.html", context, status=409 if refusal else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Confirm, then withdraw an appeal."""
    case, _access = case_or_404(request.user, public_id, service=APPEAL)
    said = _("The appeal is withdrawn. The refusal stands.")
    return withdrawal_page(request, case, withdraw=queue.withdraw, said=said, template="licensing/withdraw_appeal.html")
