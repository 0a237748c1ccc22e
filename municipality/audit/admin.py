"""The record, to read: acts with their number and hash, and who looked at whom."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.audit.services import chain_hash
from municipality.kernel import clock
from municipality.ui.admin_base import ReadOnlyAdmin, code, moment, structure
from municipality.ui.code_labels import CODE_LABELS, label_codes, label_of

RECENT = 5_000
label_codes(
    {
        "applicant": _("Applicant"),
        "officer": _("Officer"),
        "supervisor": _("Supervisor"),
        "auditor": _("Auditor"),
        "operator": _("Operator"),
        "rule_maker": _("Maker of rules"),
        "rule_publisher": _("Publisher of rules"),
        "system": _("The portal, by rule"),
        "audit": _("Audit"),
        "person_page": _("The page of a person"),
        "organisation_page": _("The page of an organisation"),
    }
)


class ActionFilter(admin.SimpleListFilter):
    """The actions of the newest acts; asking a large table for all of them would read it whole."""

    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        recent = AuditEvent.objects.order_by("-pk").values("action")[:RECENT]
        names = sorted({row["action"] for row in recent})
        return [(name, str(CODE_LABELS.get(name, name))) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class DayFilter(admin.SimpleListFilter):
    """By the Kuwait day."""

    title = _("day")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("0", _("Today")), ("1", _("Yesterday")), ("7", _("Last seven days")), ("30", _("Last thirty days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"0", "1", "7", "30"}:
            return queryset
        days = int(str(self.value()))
        midnight = dt.datetime.combine(clock.today(), dt.time(), clock.KUWAIT)
        queryset = queryset.filter(at__gte=midnight - dt.timedelta(days=days))
        return queryset.filter(at__lt=midnight) if days == 1 else queryset


@admin.register(AuditEvent)
class ActAdmin(ReadOnlyAdmin):
    list_display = ("number", "when", "action_code", "subject_code", "actor", "short_hash")
    list_filter = (ActionFilter, DayFilter)
    list_select_related = ("link",)
    ordering = ("-pk",)
    search_fields = ("subject",)
    search_help_text = _("A whole subject key, such as case:… or shop:…")
    fields = (
        "number",
        "when",
        "action_in_full",
        "subject_code",
        "actor",
        "details",
        "commitment_code",
        "previous_hash",
        "full_hash",
        "fits",
    )

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """By the exact subject key, which has an index; nothing else is searched."""
        term = search_term.strip()
        return (queryset.filter(subject=term) if term else queryset), False

    @admin.display(description=_("number"), empty_value="—")
    def number(self, act: AuditEvent) -> Any:
        return code(act.link.number) if hasattr(act, "link") else None

    @admin.display(description=_("time"))
    def when(self, act: AuditEvent) -> str:
        return moment(act.at)

    @admin.display(description=_("action"))
    def action_code(self, act: AuditEvent) -> SafeString | str:
        return label_of(act.action)

    @admin.display(description=_("action"))
    def action_in_full(self, act: AuditEvent) -> SafeString | str:
        return label_of(act.action, act.action)

    @admin.display(description=_("subject"))
    def subject_code(self, act: AuditEvent) -> SafeString | str:
        return code(act.subject)

    @admin.display(description=_("who"))
    def actor(self, act: AuditEvent) -> SafeString | str:
        return label_of(act.actor_role, act.actor_key)

    @admin.display(description=_("details"))
    def details(self, act: AuditEvent) -> SafeString:
        return structure(act.data)

    @admin.display(description=_("commitment to the text"))
    def commitment_code(self, act: AuditEvent) -> SafeString | str:
        return code(act.commitment)

    @admin.display(description=_("hash"))
    def short_hash(self, act: AuditEvent) -> SafeString | str:
        return code(act.link.hash[:12] if hasattr(act, "link") else "")

    @admin.display(description=_("hash"))
    def full_hash(self, act: AuditEvent) -> SafeString | str:
        return code(act.link.hash if hasattr(act, "link") else "")

    @admin.display(description=_("previous hash"))
    def previous_hash(self, act: AuditEvent) -> SafeString | str:
        return code(act.link.previous_hash if hasattr(act, "link") else "")

    @admin.display(description=_("the row fits its hash"))
    def fits(self, act: AuditEvent) -> Any:
        if not hasattr(act, "link"):
            return _("Not numbered yet.")
        return _("Yes") if chain_hash(act.link.previous_hash, act.link.number, act) == act.link.hash else _("No: the row was changed.")


@admin.register(AccessLogEntry)
class LookAdmin(ReadOnlyAdmin):
    list_display = ("when", "viewer", "person", "subject_code", "purpose_code")
    list_filter = (DayFilter,)
    ordering = ("-pk",)
    search_fields = ("person_key",)
    search_help_text = _("A whole key of a person, such as person:…")
    fields = list_display

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(person_key=term) if term else queryset), False

    @admin.display(description=_("time"))
    def when(self, look: AccessLogEntry) -> str:
        return moment(look.at)

    @admin.display(description=_("who looked"))
    def viewer(self, look: AccessLogEntry) -> SafeString | str:
        return label_of(look.viewer_role, look.viewer_key)

    @admin.display(description=_("whose data"))
    def person(self, look: AccessLogEntry) -> SafeString | str:
        return code(look.person_key)

    @admin.display(description=_("subject"))
    def subject_code(self, look: AccessLogEntry) -> SafeString | str:
        return code(look.subject)

    @admin.display(description=_("purpose"))
    def purpose_code(self, look: AccessLogEntry) -> SafeString | str:
        return label_of(look.purpose)
