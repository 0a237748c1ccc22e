"""The list of workers of a shop with their health certificates, for its holder and who acts for them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.workers import queries, services
from licensing.workers.forms import CertificateForm, WorkerForm
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.ui.language import read_form
from shops.models import Shop
from shops.register.opening import shop_or_404

FROM_RENEWAL = "?from=renewal"  # the query of who comes from the renewal page and goes back there


def _query(request: HttpRequest) -> str:
    """`FROM_RENEWAL` where the address has it, else an empty text."""
    return FROM_RENEWAL if request.GET.get("from") == "renewal" else ""


def _crumbs(request: HttpRequest, public_id: str) -> list[tuple[str, str]]:
    crumbs = [(_("My shops"), reverse("shops:mine"))]
    return [*crumbs, (_("Renew a health licence"), reverse("licensing:renew", args=[public_id]))] if _query(request) else crumbs


def _back(request: HttpRequest, shop: Shop, list_url: str) -> HttpResponse:
    """To the renewal, if the person came from there and no certificate has ended any more; else to the list."""
    light = queries.lights([shop]).get(shop.pk)
    if _query(request) and (light is None or not light.ended):
        return redirect("licensing:renew", public_id=shop.public_id)
    return redirect(list_url)


@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def workers(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The list; a POST enters one more worker."""
    shop, allowed = shop_or_404(request.user, public_id, queries.WORKERS)
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
            return redirect(reverse("licensing:workers", args=[public_id]) + _query(request))
    context = {
        "shop": shop,
        "access": allowed,
        "rows": queries.of_shop(shop),
        "warn_days": queries.warn_days(),
        "form": form,
        "refusal": refusal,
        "query": _query(request),
        "crumbs": [*_crumbs(request, public_id), (_("Workers"), "")],
    }
    return render(request, "licensing/workers/list.html", context, status=refusal.status if refusal else 400 if submitted else 200)


@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def worker(request: AuthenticatedHttpRequest, public_id: str, certificate: str) -> HttpResponse:
    """One worker: a POST enters the new certificate, or with `left` deletes the worker."""
    shop, allowed = shop_or_404(request.user, public_id, queries.WORKERS)
    row = queries.rows_of(shop).filter(public_id=certificate).first()
    if row is None:
        raise Http404
    list_url = reverse("licensing:workers", args=[public_id]) + _query(request)
    has_left = request.method == "POST" and "left" in request.POST
    form, submitted = read_form(request, CertificateForm) if not has_left else (CertificateForm(), False)
    refusal: Refused | None = None
    try:
        if has_left:
            services.delete(certificate=row, actor=allowed.actor)
            messages.success(request, _("The worker is deleted from the list."))
            return _back(request, shop, list_url)
        if submitted and form.is_valid():
            data = form.cleaned_data
            services.renew(certificate=row, number=data["number"], last_day=data["last_day"], by=request.user, actor=allowed.actor)
            messages.success(request, _("The new certificate is entered."))
            return _back(request, shop, list_url)
    except Refused as refused:
        refusal = refused
    context: dict[str, Any] = {
        "shop": shop,
        "access": allowed,
        "one": queries.listed(row),
        "form": form,
        "refusal": refusal,
        "crumbs": [
            *_crumbs(request, public_id),
            (_("Workers"), list_url),
            (_("Health certificate"), ""),
        ],
    }
    return render(request, "licensing/workers/worker.html", context, status=refusal.status if refusal else 400 if submitted else 200)
