"""The list of workers of a shop with their health certificates, for its holder and who acts for them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.health.states import RENEWAL
from licensing.models import WorkerCertificate
from licensing.workers import queries, services
from licensing.workers.forms import CertificateForm, WorkerForm
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.ui.language import read_form
from shops.register.opening import shop_or_404


@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def workers(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The list; a POST enters one more worker."""
    shop, allowed = shop_or_404(request.user, public_id, RENEWAL)
    form, submitted = read_form(request, WorkerForm)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        data = form.cleaned_data
        try:
            services.enter(
                shop=shop,
                name=data["name"],
                number=data["number"],
                civil_number=data["civil_id"],
                last_day=data["last_day"],
                by=request.user,
                actor=allowed.actor,
            )
        except Refused as refused:
            refusal = refused
        else:
            messages.success(request, _("The worker is in the list."))
            return redirect("licensing:workers", public_id=public_id)
    context = {
        "shop": shop,
        "access": allowed,
        "rows": queries.of_shop(shop),
        "warn_days": queries.warn_days(),
        "form": form,
        "refusal": refusal,
        "crumbs": [(_("My shops"), reverse("shops:mine")), (_("Workers"), "")],
    }
    return render(request, "licensing/workers/list.html", context, status=refusal.status if refusal else 400 if submitted else 200)


@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def worker(request: AuthenticatedHttpRequest, public_id: str, certificate: str) -> HttpResponse:
    """One worker: a POST enters the new certificate, or with `left` deletes the worker."""
    shop, allowed = shop_or_404(request.user, public_id, RENEWAL)
    row = WorkerCertificate.objects.filter(shop=shop, public_id=certificate).first()
    if row is None:
        raise Http404
    back = redirect("licensing:workers", public_id=public_id)
    has_left = request.method == "POST" and "left" in request.POST
    form, submitted = read_form(request, CertificateForm) if not has_left else (CertificateForm(), False)
    refusal: Refused | None = None
    try:
        if has_left:
            services.delete(certificate=row, actor=allowed.actor)
            messages.success(request, _("The worker is deleted from the list."))
            return back
        if submitted and form.is_valid():
            data = form.cleaned_data
            services.renew(certificate=row, number=data["number"], last_day=data["last_day"], by=request.user, actor=allowed.actor)
            messages.success(request, _("The new certificate is entered."))
            return back
    except Refused as refused:
        refusal = refused
    context: dict[str, Any] = {
        "shop": shop,
        "access": allowed,
        "one": queries.listed(row),
        "form": form,
        "refusal": refusal,
        "crumbs": [
            (_("My shops"), reverse("shops:mine")),
            (_("Workers"), reverse("licensing:workers", args=[public_id])),
            (_("Health certificate"), ""),
        ],
    }
    return render(request, "licensing/workers/worker.html", context, status=refusal.status if refusal else 400 if submitted else 200)
