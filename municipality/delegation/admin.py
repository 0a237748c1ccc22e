"""Admin of delegations and consents, read-only, for auditors and supervisors."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.accounts import purposes
from municipality.audit.services import log_access
from municipality.delegation import registry
from municipality.delegation.models import Consent, Delegation, DelegationEvent
from municipality.delegation.registry import SERVICES
from municipality.delegation.services import consents
from municipality.delegation.states import DelegationState
from municipality.kernel.actors import Actor
from municipality.ui import staff_menu
from municipality.ui.admin_base import ReadOnlyAdmin, ReadOnlyInline, code, column, in_group, moment
from municipality.ui.code_labels import label_codes, label_of, moved
from municipality.ui.staff_home import HomePart, Next
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.texts import Text

label_codes(
    {
        "delegate": _("Delegate"),
        "assistant": _("Employee who assists"),
        "counter": _("Counter and call centre"),
        "assisted": _("Assisting the person with their code"),
        "delegation_page": _("The page of a delegation"),
        "delegation.consent_code": _("Send a code of consent"),
        "delegation.tend": _("End delegations and consents"),
        "delegation.delegation_offered": _("Delegation offered"),
        "delegation.delegation_accepted": _("Delegation accepted"),
        "delegation.delegation_over": _("Delegation over"),
        "delegation.assistance_begun": _("Assistance begun"),
        "delegation.assisted_act": _("Step taken for a person"),
        "delegation.offered": _("Delegation offered to a person"),
        "delegation.accept": _("Delegation taken on"),
        "delegation.decline": _("Delegation declined"),
        "delegation.withdraw": _("Delegation taken back"),
        "delegation.revoke": _("Delegation revoked"),
        "delegation.renounce": _("Delegation given up"),
        "delegation.lapse": _("Delegation not accepted in time"),
        "delegation.end": _("Delegation ended on its last day"),
        "consent.asked": _("Consent of a person asked for"),
        "consent.wrong_code": _("Wrong code of consent"),
        "consent.opened": _("Consent of a person given"),
        "consent.closed": _("Consent of a person ended"),
    }
)


def _viewer(request: HttpRequest) -> Actor:
    user: Any = request.user
    return Actor("auditor" if in_group(request, "auditor") else "supervisor", user.key)


class EventInline(ReadOnlyInline):
    model = DelegationEvent
    fk_name = "subject"
    ordering = ("pk",)
    fields = ("when", "step", "actor")
    when = column(_("time"), moment, "at")

    @admin.display(description=_("step"))
    def step(self, event: DelegationEvent) -> SafeString:
        return moved(DelegationState(event.from_state).label, DelegationState(event.to_state).label)

    @admin.display(description=_("who"))
    def actor(self, event: DelegationEvent) -> SafeString | str:
        return label_of(event.actor_role, event.actor_key)


class _PeopleAdmin(ReadOnlyAdmin):
    ordering = ("-pk",)
    people: ClassVar[tuple[str, ...]]  # the fields of a row that name the people whose data it shows

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row: Any = self.get_object(request, object_id)
        if request.method != "POST" and row is not None and self.has_view_permission(request, row):
            purpose = purposes.chosen(request, row.key)
            if not purpose:
                return purposes.ask(request, row.key)
            for person in filter(None, (getattr(row, name) for name in self.people)):
                log_access(viewer=_viewer(request), person_key=person.key, subject=row.key, purpose=purpose)
        return super().change_view(request, object_id, form_url, extra_context)


@admin.register(Delegation)
class DelegationAdmin(_PeopleAdmin):
    people = ("giver", "delegate")
    list_display = ("about", "service_name", "role", "state_name", "first_day", "last_day")
    list_filter = ("state", "role")
    inlines = (EventInline,)
    fields = (
        *("giver_name", "delegate_name", "delegate_number", "organisation", "about", "service_name", "role", "state_name"),
        *("first_day", "last_day", "answer_by", "offered", "closed"),
    )
    giver_name = column(_("giver"), str, "giver")
    delegate_number = column(_("civil number"), code, "delegate_masked")
    offered = column(_("offered on"), moment, "offered_at")
    closed = column(_("ended on"), moment, "closed_at")

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        found = super().get_changelist_instance(request)
        rows: Any = found.result_list
        names = registry.names_of([row.subject for row in rows])
        for row in rows:
            row.subject_name = names.get(row.subject, ("", ""))[0]
        return found

    @admin.display(description=_("delegate"), empty_value="—")
    def delegate_name(self, row: Delegation) -> str | None:
        return str(row.delegate) if row.delegate else None

    @admin.display(description=_("subject"), ordering="subject")
    def about(self, row: Delegation) -> SafeString | str:
        return getattr(row, "subject_name", "") or code(row.subject)

    @admin.display(description=_("service"), ordering="service")
    def service_name(self, row: Delegation) -> Text:
        return SERVICES[row.service].name if row.service in SERVICES else _("every service")

    @admin.display(description=_("state"), ordering="state")
    def state_name(self, row: Delegation) -> Text:
        return DelegationState(row.state).label


@admin.register(Consent)
class ConsentAdmin(_PeopleAdmin):
    people = ("person",)
    list_display = ("purpose_name", "desk", "branch", "tries", "asked", "opened", "closed")
    list_filter = ("desk", "branch")
    list_select_related = ("branch",)
    fields = ("person_name", "staff_key", "branch", "desk", "purpose_name", "tries", "asked", "opened", "until", "closed")
    staff_key = column(_("employee"), code, "staff.key")
    asked = column(_("asked on"), moment, "asked_at")
    opened = column(_("opened on"), moment, "opened_at")
    until = column(_("open until"), moment, "open_until")
    closed = column(_("ended on"), moment, "closed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("person", "staff", "branch")

    @admin.display(description=_("person"), empty_value="—")
    def person_name(self, row: Consent) -> str | None:
        return str(row.person) if row.person else None

    @admin.display(description=_("purpose"), ordering="purpose")
    def purpose_name(self, row: Consent) -> Text:
        return SERVICES[row.purpose].name if row.purpose in SERVICES else code(row.purpose)


def _assists(request: HttpRequest) -> bool:
    """Whether the member of staff may assist people: their consent is given to a branch."""
    return in_group(request, consents.ROLE) and bool(getattr(request.user, "branch_id", None))


def home(request: HttpRequest) -> HomePart:
    """What is next for the counter."""
    if not _assists(request):
        return HomePart()
    text = _("Act for a person with the code that the portal sends to their phone.")
    return HomePart(Next(_("Counter and call centre"), _("Assist a person"), text, _("Assist a person"), reverse("delegation:assist")))


staff_menu.register(
    "delegation",
    StaffEntry("work", _("Assist a person"), "delegation:assist", may=_assists),
    StaffEntry("lookup", _("Delegations"), "admin:delegation_delegation_changelist", permission="delegation.view_delegation"),
    StaffEntry("integrity", _("Consents to assistance"), "admin:delegation_consent_changelist", permission="delegation.view_consent"),
)


admin.site.add_pages([], home=home)  # type: ignore[attr-defined]
