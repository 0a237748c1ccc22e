"""Where staff who sign or decide are led when a code opened their session: to use the passkey, make the first, or say it is lost."""

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


@access("staff", before_key=True)
@require_http_methods(["GET", "HEAD", "POST"])
def staff_key(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Open this session with a passkey, after a password and a code. Who has none yet is led to make one."""
    user = request.user
    next_path = next_paths.asked(request)
    if not keyholders.is_lacking(request):
        return redirect(next_path or "admin:index")
    refusal, status = "", 200
    if request.method == "POST" and not is_switch(request):
        if request.POST.get("step") == "lost" and passkeys.of(user).exists():
            key_losses.ask(user)
            return redirect("staff_key")
        try:
            proof.note(request, passkeys.proven(request, request.POST.get("credential", ""), user))
            return redirect(next_path or "admin:index")
        except passkeys.Unusable as no:
            refusal, status = str(no.sentence), 400
    has_key = passkeys.of(user).exists()
    page = {
        "has_key": has_key,
        "options": passkeys.ask(request, user) if has_key else "",
        "loss": key_losses.waiting_of(user),
        "next": next_path or reverse("admin:index"),
        "refusal": refusal,
    }
    return render(request, "accounts/staff_key.html", page, status=status)
