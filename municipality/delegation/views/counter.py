"""Pages of counter and call centre: assist a person with that person's one-time code."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.delegation import queries, registry
from municipality.delegation.forms import ConsentCodeForm, ConsentRequestForm
from municipality.delegation.services import consents
from municipality.kernel.errors import Refused, TooMany
from municipality.ui.language import read_form


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Request a person's consent. The response does not reveal whether the portal knows the number."""
    user = request.user
    consents.require_role(user)
    form, submitted = read_form(request, ConsentRequestForm)
    status = 400 if submitted else 200
    if submitted and form.is_valid():
        data = form.cleaned_data
        try:
            row = consents.request_code(staff=user, number=data["civil_id"], purpose=data["purpose"], desk=data["desk"])
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
            status = refusal.status
        else:
            return redirect("delegation:assist_code", public_id=row.public_id)
    return render(request, "delegation/assist.html", {"form": form, "consent": queries.consent_of(user)}, status=status)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Enter the code that the person reads out; then redirect to the person's shops."""
    user = request.user
    consents.require_role(user)
    row = consents.pending(user, public_id)
    if row is None:
        return render(request, "delegation/assist_over.html", status=409 if request.method == "POST" else 200)
    form, submitted = read_form(request, ConsentCodeForm, minutes=row.code_minutes)
    status = 400 if submitted else 200
    if submitted and form.is_valid():
        try:
            consents.enter_code(consent=row, staff=user, typed=form.cleaned_data["code"])
        except consents.ConsentCodeOver as refusal:
            return render(request, "delegation/assist_over.html", {"refusal": refusal.sentence}, status=409)
        except Refused as refusal:
            form.add_error("code" if isinstance(refusal, consents.WrongConsentCode) else None, refusal.sentence)
            status = 429 if isinstance(refusal, TooMany) else 400
        else:
            messages.info(request, _("The code is right. What you do now is done for this person and recorded so."))
            return redirect("shops:mine")
    context = {"form": form, "row": row, "service": registry.SERVICES[row.purpose].name}
    return render(request, "delegation/assist_code.html", context, status=status)


@access("staff")
@require_POST
def end(request: AuthenticatedHttpRequest) -> HttpResponse:
    """End the assistance."""
    user = request.user
    consents.require_role(user)
    consent = queries.consent_of(user)
    if consent is not None:
        consents.close(consent=consent, staff=user)
        messages.info(request, _("The assistance has ended. Nothing of the person is open any more."))
    return redirect("delegation:assist")
