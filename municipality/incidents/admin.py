"""Incidents for staff: what happened, which deadlines moved, what ended meanwhile; an operator may find that one was none."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.incidents import queries, services
from municipality.incidents.models import Incident, MovedDeadline
from municipality.incidents.registry import DEADLINES
from municipality.kernel.errors import Refused
from municipality.ui import staff_menu
from municipality.ui.admin_base import ReadOnlyAdmin, ReadOnlyInline, code, column, in_group, moment, require_role, staff_page
from municipality.ui.code_labels import label_codes
from municipality.ui.errors import errors_today
from municipality.ui.plurals import span
from municipality.ui.staff_home import HomeNotice, HomePart
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.templatetags.portal import ref
from municipality.ui.texts import Text

label_codes(
    {
        "deadline.moved": _("Deadline moved after an incident"),
        "deadline.kept": _("Last day to pay moved after a payment under review"),
        "incident.opened": _("Incident began"),
        "incident.closed": _("Incident ended"),
        "incident.relieved": _("Deadlines moved after an incident"),
        "incident.withheld": _("Incident found to be none"),
        "incidents.check": _("Check the parts of the portal"),
        "incidents.relieve": _("Move deadlines after an incident"),
        "incidents.tell": _("Tell people which deadlines moved"),
        "incidents.deadlines_moved": _("Deadlines moved"),
    }
)


class _MovedInline(ReadOnlyInline):
    model = MovedDeadline
    fields = ("name", "number", "before", "after")
    number = column(_("reference"), code, "reference")

    @admin.display(description=_("deadline"))
    def name(self, row: MovedDeadline) -> Text:
        return DEADLINES[row.kind].label if row.kind in DEADLINES else code(row.kind)


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    change_form_template = "admin/incidents/incident/change_form.html"
    list_display = ("part", "start", "end", "length_name", "relieved", "withheld")
    list_filter = ("part",)
    ordering = ("-started_at", "-pk")
    fields = ("part", "cause", "start", "end", "length_name", "relieved", "withheld", "withheld_by", "withheld_reason", "ended_meanwhile")
    inlines = (_MovedInline,)
    start = column(_("from"), moment, "started_at", ordering="started_at")
    end = column(_("to"), moment, "ended_at", ordering="ended_at")
    length_name = column(_("length"), span, "minutes")
    relieved = column(_("deadlines moved at"), moment, "relieved_at")
    withheld = column(_("found to be none at"), moment, "withheld_at")

    def get_urls(self) -> list[URLPattern]:
        withhold = self.admin_site.admin_view(self.withhold)
        return [path("<int:incident_id>/withhold/", withhold, name="incidents_incident_withhold"), *super().get_urls()]

    def page_facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"may_withhold": row.relieved_at is None and row.withheld_at is None and in_group(request, services.ROLE)}

    def withhold(self, request: HttpRequest, incident_id: int) -> HttpResponse:
        """Ask for the reason (GET), then record that the incident was none (POST)."""
        require_role(request, services.ROLE)
        row = get_object_or_404(Incident, pk=incident_id)
        page = reverse("admin:incidents_incident_change", args=[row.pk])
        user: Any = request.user
        if row.relieved_at is not None or row.withheld_at is not None:
            self.message_user(request, _("This incident is settled already. Its page says how."), messages.WARNING)
            return HttpResponseRedirect(page)
        reason, refusal = request.POST.get("reason", ""), None
        if request.method == "POST":
            try:
                services.withhold(incident=row, reason=reason, by=user)
                self.message_user(request, _("It is recorded under your name. No deadline moves because of it."))
                return HttpResponseRedirect(page)
            except Refused as refused:
                if refused.code != "no_reason":
                    self.message_user(request, str(refused.sentence), messages.WARNING)
                    return HttpResponseRedirect(page)
                refusal = refused.sentence
        context = {
            "opts": self.opts,
            "incident": row,
            "reason": reason,
            "refusal": refusal,
            "title": _("This was no incident"),
            "back": page,
        }
        return staff_page(request, "admin/incidents/incident/withhold.html", 422 if refusal else 200, **context)

    @admin.display(description=_("requests that ended by a deadline meanwhile"))
    def ended_meanwhile(self, row: Incident) -> SafeString | str:
        events = queries.closed_meanwhile(row)[:50]
        return format_html_join(", ", '<bdi dir="ltr">{}</bdi>', ((event.subject.reference,) for event in events)) or "—"


def home(request: HttpRequest) -> HomePart:
    """For an operator: what is out now, and that the portal records incidents by itself."""
    if not in_group(request, services.ROLE):
        return HomePart()
    page, link = reverse("admin:incidents_incident_changelist"), _("Incidents")
    going_on = Incident.objects.filter(ended_at__isnull=True, withheld_at__isnull=True).order_by("started_at")
    notices = [
        HomeNotice(
            format_html(gettext("Out since {at}: {part}"), at=moment(row.started_at), part=row.get_part_display()),
            url=reverse("admin:incidents_incident_change", args=[row.pk]),
            link=_("The incident"),
            kind="bad",
        )
        for row in going_on
    ]
    if count := errors_today():
        text = _("Pages that ended in an error today: {count}. The log of the server says which.")
        notices.append(HomeNotice(format_html(str(text), count=ref(count)), kind="bad"))
    text = _("The portal checks its parts and records incidents by itself; nobody adds one by hand")
    return HomePart(notices=[*notices, HomeNotice(text, url=page, link=link)])


admin.site.add_pages([], home=home)  # type: ignore[attr-defined]
staff_menu.register(
    "incidents",
    StaffEntry("operation", _("Incidents"), "admin:incidents_incident_changelist", permission="incidents.view_incident"),
)
