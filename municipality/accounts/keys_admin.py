"""Admin pages: recovery of lost passkeys, allowed by a second person, and alarms about superusers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from municipality.accounts.models import SuperuserAlarm
from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.accounts.services import alarms, key_losses
from municipality.kernel import request_cache
from municipality.kernel.errors import Refused
from municipality.ui import staff_menu
from municipality.ui.admin_base import ReadOnlyAdmin, in_group, moment, require_role
from municipality.ui.staff_home import HomeNotice, HomePart
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.templatetags.portal import ref

OPENERS = (key_losses.ADMINISTRATOR, key_losses.SUPERVISOR)


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def lost_keys(request: AuthenticatedHttpRequest) -> HttpResponse:
    """List colleagues whose passkey is lost; POST allows the recovery of one of them."""
    require_role(request, *OPENERS)
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


def _lost(request: HttpRequest) -> int:
    """How many colleagues wait for a way back. Read once a request."""
    user: Any = request.user
    roles = [role for role in OPENERS if in_group(request, role)]
    return request_cache.get_or_set(("lost_keys", user.pk), lambda: key_losses.pending_for(user, roles).count())


def _alarms(request: HttpRequest) -> int:
    """How often emergency access was used lately. Read once a request."""
    return request_cache.get_or_set("alarms", lambda: alarms.recent().count())


def home(request: AuthenticatedHttpRequest) -> HomePart:
    """What the first page says about the use of emergency access, for auditors."""
    if not in_group(request, alarms.AUDITOR):
        return HomePart()
    rows = list(alarms.recent()[:5])
    page = reverse("admin:accounts_superuseralarm_changelist")
    notices = [
        HomeNotice(
            _("Emergency access was used"),
            format_html("{} · {} · {}", moment(alarm.at), alarm.get_kind_display(), ref(alarm.user.login)),
            page,
            _("All uses"),
            "bad",
        )
        for alarm in rows
    ]
    return HomePart(notices=notices)


@admin.register(SuperuserAlarm)
class SuperuserAlarmAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "user", "told_at")
    list_filter = ("kind",)
    list_select_related = ("user",)
    ordering = ("-pk",)
    fields = ("user", "kind", "at", "told_at")


staff_menu.register(
    "accounts",
    StaffEntry(
        "branch",
        gettext_lazy("Lost passkeys"),
        "admin:lost_keys",
        roles=OPENERS,
        count=_lost,
        tile=gettext_lazy("colleagues who cannot get in"),
        tone="warn",
    ),
    StaffEntry("lookup", gettext_lazy("People"), "admin:accounts_user_changelist", permission="accounts.view_user"),
    StaffEntry("lookup", gettext_lazy("Organisations"), "admin:accounts_organisation_changelist", permission="accounts.view_organisation"),
    StaffEntry(
        "integrity",
        gettext_lazy("Use of emergency access"),
        "admin:accounts_superuseralarm_changelist",
        permission="accounts.view_superuseralarm",
        count=_alarms,
        tile=gettext_lazy("in the last seven days"),
        tone="bad",
    ),
)
admin.site.add_pages([path("lost-keys/", lost_keys, name="lost_keys")], home=home)  # type: ignore[attr-defined]
