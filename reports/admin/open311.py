"""Keys of other systems, and what those systems say of reports."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.ui import staff_menu
from municipality.ui.admin_base import require_role, staff_page
from municipality.ui.code_labels import label_codes
from municipality.ui.forms import WholeNumberField
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.staff_roles import in_group
from reports.models import ApiKey, OutsideUpdate
from reports.open311 import keys
from reports.triage.queries import visible_to

LISTED = 50
READERS = (keys.ROLE, "supervisor", "inspector")
_KEYS, _UPDATES = gettext_lazy("Keys of other systems"), gettext_lazy("Updates of other systems")
label_codes(
    {
        "report.key_made": gettext_lazy("Key of another system made"),
        "report.key_revoked": gettext_lazy("Key of another system revoked"),
        "report.outside_update": gettext_lazy("Update of another system about a report"),
    }
)


class KeyForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the system"), max_length=80)
    contact = forms.CharField(
        label=gettext_lazy("Contact"), max_length=160, help_text=gettext_lazy("Telephone or e-mail address of who runs it.")
    )
    per_hour = WholeNumberField(
        label=gettext_lazy("Most reports in an hour"), min_value=1, max_value=100_000, help_text=gettext_lazy("For example 100.")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def open311_keys(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Make a key, which is shown on the answer only, or revoke one; below, all keys."""
    require_role(request, keys.ROLE)
    if revoked := request.POST.get("revoke"):
        keys.revoke(key=get_object_or_404(ApiKey, public_id=revoked[:26]), by=request.user)
        messages.success(request, _("Revoked. Nothing is received with this key any more."))
        return redirect("admin:open311_keys")
    form, made, text = KeyForm(request.POST if request.method == "POST" else None), None, ""
    if request.method == "POST" and form.is_valid():
        made, text = keys.make(by=request.user, **form.cleaned_data)
        form = KeyForm()
    rows = ApiKey.objects.select_related("made_by").order_by("revoked_at", "name", "pk")
    context = {"form": form, "made": made, "text": text, "rows": rows}
    return staff_page(request, "admin/reports/open311_keys.html", 400 if form.errors else 200, title=_KEYS, **context)


@require_safe
def open311_updates(request: AuthenticatedHttpRequest) -> HttpResponse:
    """What other systems said of reports, newest first: to inspectors and supervisors of those that they may open."""
    require_role(request, next((role for role in READERS if in_group(request, role)), keys.ROLE))
    rows = OutsideUpdate.objects.select_related("api_key", "report").order_by("-pk")
    if not in_group(request, keys.ROLE):  # they may name the reporter
        rows = rows.filter(report__in=visible_to(request.user))
    page = Paginator(rows, LISTED).get_page(request.GET.get("page"))
    return staff_page(request, "admin/reports/open311_updates.html", title=_UPDATES, page=page)


PAGES = [path("open311/keys/", open311_keys, name="open311_keys"), path("open311/updates/", open311_updates, name="open311_updates")]
admin.site.add_pages(PAGES)  # type: ignore[attr-defined]
staff_menu.register(
    "reports",
    StaffEntry("operation", _KEYS, "admin:open311_keys", (keys.ROLE,)),
    StaffEntry("branch", _UPDATES, "admin:open311_updates", READERS),
)
