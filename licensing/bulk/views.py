"""Many renewals in one act: what can be renewed, and how far it is."""

from __future__ import annotations

from collections.abc import Collection

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from licensing.bulk import offers, queries, services
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import kwd_text
from payments.services.basket import MAX_LINES


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def renewals(request: AuthenticatedHttpRequest) -> HttpResponse:
    """What can be renewed at once. POST asks for what is ticked and leads to its progress.

    A POST with another step, or that the module asks (`Accept: application/json`), only counts the ticked renewals.
    """
    if request.method != "POST":
        running = queries.visible_to(request.user).filter(finished_at=None).first()
        if running is not None:
            return redirect("licensing:renewal_batch", running.public_id)
        return _page(request, None)
    ticked, total = set(request.POST.getlist("item")[:MAX_LINES]), request.POST.get("total", "")
    if request.POST.get("step") != "renew":
        if request.headers.get("Accept") == "application/json":
            chosen = [one for one in offers.of_user(request.user).ready if one.code in ticked]
            fils = sum(one.fils for one in chosen)
            return JsonResponse({"fils": fils, "amount": kwd_text(fils), "count": counted(len(chosen), "renewal")})
        return _page(request, ticked, is_counted=True)
    try:
        expected = int(total[:18]) if total.isascii() and total.isdigit() else -1
        batch = services.start(user=request.user, chosen=ticked, expected_fils=expected)
    except Refused as refusal:
        return _page(request, ticked, refusal=refusal)
    return redirect("licensing:renewal_batch", batch.public_id)


def _page(
    request: AuthenticatedHttpRequest, ticked: Collection[str] | None, *, is_counted: bool = False, refusal: Refused | None = None
) -> HttpResponse:
    """The list; at first everything is ticked."""
    found = offers.of_user(request.user)
    rows = [(one, ticked is None or one.code in ticked) for one in found.ready]
    context = {
        "rows": rows,
        "stopped": found.stopped,
        "under_way": found.under_way,
        "is_cut": found.is_cut,
        "total": sum(one.fils for one, is_ticked in rows if is_ticked),
        "count": sum(is_ticked for _one, is_ticked in rows),
        "is_counted": is_counted,
        "refusal": refusal,
        "crumbs": [(_("My shops"), reverse("shops:mine")), (_("Renewals in one act"), "")],
    }
    return render(request, "licensing/bulk/renewals.html", context, status=refusal.status if refusal else 200)


@access("person")
@require_safe
def batch(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """How far an act is: what was not sent first, then what is to be paid together. With `poll`, only whether it is done, as JSON."""
    row = queries.visible_to(request.user).filter(public_id=public_id).first()
    if row is None:
        raise Http404
    row.person = request.user  # with the rights that are read with the session
    if "poll" in request.GET:
        return JsonResponse({"done": row.finished_at is not None})
    context = {
        "batch": row,
        "progress": queries.progress(row),
        "poll_url": f"{request.path}?poll=1",
        "seconds": 3,
        "crumbs": [(_("My shops"), reverse("shops:mine")), (_("Renewals in one act"), "")],
    }
    return render(request, "licensing/bulk/batch.html", context)
