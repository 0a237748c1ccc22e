"""The sessions of an account, and ending them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from municipality.accounts import devices
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.accounts.services import sessions as services


@access("any", without_passkey=True)
@require_safe
def sessions(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Every session of the account: device, since when, last activity, whether it is this one."""
    rows = [
        {"row": row, "device": devices.describe(row.user_agent), "is_current": row.is_current()}
        for row in services.active_sessions(request.user)
    ]
    return render(request, "accounts/sessions.html", {"sessions": rows, "has_others": any(not row["is_current"] for row in rows)})


@access("any", without_passkey=True)
@require_POST
def end_session(request: AuthenticatedHttpRequest, session_id: int) -> HttpResponse:
    """End one of the account's sessions; ending the present one is signing out."""
    services.end_session(request, request.user, session_id)  # type: ignore[arg-type]
    return redirect("accounts:sessions") if request.user.is_authenticated else redirect(resolve_url("/"))


@access("any", without_passkey=True)
@require_POST
def end_other_sessions(request: AuthenticatedHttpRequest) -> HttpResponse:
    """End all sessions but this one."""
    services.end_others(request, request.user)  # type: ignore[arg-type]
    return redirect("accounts:sessions")
