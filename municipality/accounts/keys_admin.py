"""Admin pages: recovery of lost passkeys, allowed by a second person, and alarms about superusers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from municipality.accounts.models import SuperuserAlarm
from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.accounts.services import alarms, key_losses
from municipality.kernel.errors import Refused
from municipality.ui.admin_base import ReadOnlyAdmin, in_group

OPENERS = (key_losses.ADMINISTRATOR, key_losses.SUPERVISOR)


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def lost_keys(request: AuthenticatedHttpRequest) -> HttpResponse:
    """List colleagues whose passkey is lost; POST allows the recovery of one of them."""
    if not any(in_group(request, role) for role in OPENERS):
        raise PermissionDenied
    user = request.user
    error, status = "", 200
    if request.method == "POST":
        number = request.POST.get("loss", "")
        is_number = number.isascii() and number.isdigit() and len(number) < 16
        loss = key_losses.pending_for(user).filter(pk=int(number)).first() if is_number else None
        try:
            if loss is None:
                raise Refused("unknown_loss", _("This request does not wait for you any more."))
            key_losses.allow_recovery(loss, opener=user)
            messages.success(request, _("The way back is open: your colleague signs in again and makes a new passkey."))
            return redirect("admin:lost_keys")
        except Refused as refusal:
            error, status = str(refusal.sentence), refusal.status
    context = {
        **admin.site.page_context(request),  # type: ignore[attr-defined]
        "title": _("Lost passkeys"),
        "losses": key_losses.pending_for(user),
        "error": error,
    }
    return TemplateResponse(request, "admin/accounts/lost_keys.html", context, status=status)


def home(request: AuthenticatedHttpRequest) -> dict[str, Any]:
    """The part of the admin's index about alarms and lost passkeys."""
    user = request.user
    context: dict[str, Any] = {"home_parts": ["admin/accounts/home_part.html"], "superuser_alarms": [], "opens_lost_keys": 0}
    if in_group(request, alarms.AUDITOR):
        context["superuser_alarms"] = list(alarms.recent()[:20])
    if any(in_group(request, role) for role in OPENERS):
        context["opens_lost_keys"] = key_losses.pending_for(user).count()
    return context


@admin.register(SuperuserAlarm)
class SuperuserAlarmAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "user", "told_at")
    list_filter = ("kind",)
    list_select_related = ("user",)
    ordering = ("-pk",)
    fields = ("user", "kind", "at", "told_at")


admin.site.add_pages([path("lost-keys/", lost_keys, name="lost_keys")], home=home)  # type: ignore[attr-defined]
