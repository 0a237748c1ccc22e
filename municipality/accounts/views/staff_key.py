"""The page for staff who need a passkey and signed in with a code: to use it, add the first one, or report it lost."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from municipality.accounts import keyholders, next_paths, proof
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.accounts.services import key_losses, passkeys
from municipality.ui.language import is_switch


@access("staff", without_passkey=True)
@require_http_methods(["GET", "HEAD", "POST"])
def staff_key(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Use a passkey in this session, or report it lost; offers to add one to users without."""
    user = request.user
    next_path = next_paths.requested(request)
    if not keyholders.lacks_passkey(request):
        return redirect(next_path or "admin:index")
    refusal, status = "", 200
    if request.method == "POST" and not is_switch(request):
        if request.POST.get("step") == "lost" and passkeys.of(user).exists():
            key_losses.report_loss(user)
            return redirect("staff_key")
        try:
            proof.record_proof(request, passkeys.verify(request, request.POST.get("credential", ""), user))
            return redirect(next_path or "admin:index")
        except passkeys.UnusablePasskey as failure:
            refusal, status = str(failure.sentence), 400
    has_key = passkeys.of(user).exists()
    page = {
        "has_key": has_key,
        "options": passkeys.authentication_options(request, user) if has_key else "",
        "loss": key_losses.pending_of(user),
        "next": next_path or reverse("admin:index"),
        "refusal": refusal,
    }
    return render(request, "accounts/staff_key.html", page, status=status)
