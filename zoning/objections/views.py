"""Objecting to an opinion: one page, and one to withdraw."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.opening import case_or_404
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review.services import queue
from municipality.review.shared_pages import withdrawal_page
from municipality.rulebook import queries as rulebook
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import ref
from municipality.uploads.fields import field_of
from zoning.objections import queries, services
from zoning.objections.forms import OpinionObjectionForm
from zoning.objections.states import OBJECTION
from zoning.opinion import queries as opinions
from zoning.opinion.labels import TAGS
from zoning.opinion.states import OPINION


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def objection(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The opinion or the refusal, who decides and until when, and the form: words and files."""
    case, _access = case_or_404(request.user, public_id, service=OPINION)
    form, submitted = read_form(request, OpinionObjectionForm)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            filed = services.file(case=case, person=request.user, words=form.cleaned_data["words"])
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The objection is filed. Another branch decides it."))
            return redirect("cases:case", public_id=filed.case.public_id)
    opinion = opinions.opinion_of(case)
    draft, decision, until = queries.issued_draft(opinion), queries.refusal_of(opinion), queries.last_day(opinion)
    if until is None and refusal is None:
        return redirect("cases:case", public_id=case.public_id)
    if draft is None and decision is None:
        raise Http404
    slot = opinions.OBJECTION_SLOT.code
    context = {
        "case": case,
        "draft": draft,
        "decision": decision,
        "tone": TAGS[draft.outcome] if draft is not None else "",
        "form": form,
        "refusal": refusal,
        "until": until,
        "limits": rulebook.edition(queries.LIMITS, clock.today()).limits,
        "field": field_of(request, opinion.files_key, slot, next_path=request.path) if until is not None else None,
        "crumbs": [
            (_("My requests"), reverse("cases:mine")),
            (ref(case.reference), reverse("cases:case", args=[case.public_id])),
            (_("Objection"), ""),
        ],
    }
    status = refusal.status if refusal else 400 if submitted else 200
    return render(request, "zoning/objections/form.html", context, status=status)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Confirm, then withdraw an objection."""
    case, _access = case_or_404(request.user, public_id, service=OBJECTION)
    said = _("The objection is withdrawn.")
    return withdrawal_page(request, case, withdraw=queue.withdraw, said=said, template="zoning/objections/withdraw.html")
