"""Pages of an applicant that services of studied requests share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.models import Case
from municipality.kernel.errors import Refused
from municipality.kernel.workflow import WORKFLOWS
from municipality.review import asked_files, queries
from municipality.ui.texts import Text
from municipality.uploads.fields import fields_of


def corrections_page(
    request: AuthenticatedHttpRequest, case: Case, *, key: str, slots: Sequence[str], answer: Callable[..., None]
) -> HttpResponse:
    """The files that are asked for, under their key; a POST sends them by `answer` (case, person), which may raise Refused."""
    if not asked_files.waits_for_corrections(case):
        return redirect("cases:case", public_id=case.public_id)
    refusal: Refused | None = None
    if request.method == "POST":
        try:
            answer(case=case, person=request.user)
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The corrections are sent. The request kept its place."))
            return redirect("cases:case", public_id=case.public_id)
    context = {
        "case": case,
        "round": queries.open_round(case),
        "fields": fields_of(request, key, slots, next_path=request.path),
        "refusal": refusal,
        "crumbs": [(_("My requests"), reverse("cases:mine")), (_("Corrections"), "")],
    }
    return render(request, "review/corrections.html", context, status=409 if refusal else 200)


def withdrawal_page(
    request: AuthenticatedHttpRequest,
    case: Case,
    *,
    withdraw: Callable[..., object],
    said: Text = "",
    template: str = "review/withdraw.html",
) -> HttpResponse:
    """The question, then the withdrawal of an unpaid request, or of another with what is `said` after it."""
    if request.method == "POST":
        withdraw(case=case, person=request.user)
        messages.info(request, str(said) or _("The request is withdrawn. No fee is due."))
        return redirect("cases:case", public_id=case.public_id)
    if case.state not in WORKFLOWS[case.service].moves["withdraw"].sources:
        return redirect("cases:case", public_id=case.public_id)
    return render(request, template, {"case": case})
