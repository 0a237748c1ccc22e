"""Admin of the audit log, read-only: events with their number and hash, and the access log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from municipality.audit import queries, registry
from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.audit.services import chain_hash
from municipality.kernel import clock, request_cache
from municipality.kernel.actors import Actor
from municipality.places.models import Branch
from municipality.ui import staff_menu
from municipality.ui.admin_base import MAX_COUNT, ReadOnlyAdmin, code, column, in_group, moment, require_role, structure
from municipality.ui.code_labels import CODE_LABELS, label_codes, label_of
from municipality.ui.staff_home import HomePart, Next
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.staff_names import name_of_actor
from municipality.ui.staff_search import cleaned
from municipality.ui.subject_names import NAMES, NamedSubjectsMixin, name_in_full, name_of
from municipality.ui.templatetags.portal import bilingual, ref

AUDITOR = "auditor"
RECENT = 5_000
label_codes(
    {
        "applicant": _("Applicant"),
        "officer": _("Officer"),
        "supervisor": _("Supervisor"),
        "auditor": _("Auditor"),
        "operator": _("Operator"),
        "planner": _("Planner"),
        "rule_maker": _("Maker of rules"),
        "rule_publisher": _("Publisher of rules"),
        "system": _("The portal, automatically"),
        "audit": _("Audit"),
        "audit.verified": _("Chain of the audit log verified"),
        "audit.verified_newest": _("Newest lines of the audit log verified"),
        "audit.verify": _("Verify the chain of the audit log"),
        "person_page": _("The page of a person"),
        "organisation_page": _("The page of an organisation"),
    }
)


def _looks_today(request: HttpRequest) -> int:
    """How often staff looked at the data of a person today."""
    return AccessLogEntry.objects.filter(at__gte=clock.start_of(clock.today()))[:MAX_COUNT].count()


def home(request: HttpRequest) -> HomePart:
    """What an auditor reads next."""
    if not in_group(request, AUDITOR):
        return HomePart()
    page = reverse("admin:audit_auditevent_changelist")
    text = _("Every act of the portal and of staff, in order and bound by hashes.")
    return HomePart(Next(_("Integrity"), _("The audit log of today"), text, _("Read the audit log"), f"{page}?day=0", waits=False))


staff_menu.register(
    "audit",
    StaffEntry("integrity", _("Audit log"), "admin:audit_auditevent_changelist", permission="audit.view_auditevent"),
    StaffEntry(
        "integrity",
        _("Access log"),
        "admin:audit_accesslogentry_changelist",
        permission="audit.view_accesslogentry",
        count=_looks_today,
        tile=_("looks at data of people today"),
    ),
)
admin.site.add_pages([], home=home)  # type: ignore[attr-defined]
NAMES.register("audit", lambda _keys: {"chain": gettext("The chain of the audit log")})


class ActionFilter(admin.SimpleListFilter):
    """The actions of the newest RECENT events; a query for all actions would read the whole table."""

    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        recent = AuditEvent.objects.order_by("-pk").values("action")[:RECENT]
        names = sorted({row["action"] for row in recent})
        return [(name, str(CODE_LABELS.get(name, name))) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class DayFilter(admin.SimpleListFilter):
    """By days of Kuwait."""

    title = pgettext_lazy("filter", "Day")
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


def _result(faults: int) -> str:
    return str(_("{count} faults.").format(count=faults) if faults else _("no fault."))


def last_verification() -> SafeString:
    """When the whole chain was verified last, and with what result, with a link to that line of the log."""
    event = queries.last_verification()
    if event is None:
        return format_html("{}", _("The whole chain was not verified yet; the portal does it once a day."))
    text = _("The whole chain, up to line {line}, was verified on {at}: {result}")
    result = _result(event.data.get("faults", 0))
    sentence = format_html(str(text), line=ref(event.data.get("to", 0)), at=moment(event.at), result=result)
    return format_html("{} {}", sentence, _link_to(event))


def newest_verification() -> SafeString | str:
    """Which lines were verified by hand since, and with what result; empty where none were."""
    event = queries.last_of_newest()
    return format_html("{} {}", _of_newest(event), _link_to(event)) if event is not None else ""


def _of_newest(event: AuditEvent) -> SafeString:
    text = gettext("Lines {first} to {line} were verified on {at}: {result}")
    numbers = {"first": ref(event.data["from"]), "line": ref(event.data["to"])}
    return format_html(text, **numbers, at=moment(event.at), result=_result(event.data["faults"]))


def _link_to(event: AuditEvent) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:audit_auditevent_change", args=[event.pk]), gettext("The result in the log"))


@admin.register(AuditEvent)
class AuditEventAdmin(NamedSubjectsMixin, ReadOnlyAdmin):
    subjects = ("subject",)
    change_list_template = "admin/audit/auditevent/change_list.html"
    list_display = ("number", "when", "action_code", "subject_name", "actor", "short_hash")
    list_filter = (ActionFilter, DayFilter)
    list_select_related = ("link",)
    ordering = ("-pk",)
    search_fields = ("subject__exact",)  # which has an index
    search_help_text = _("The whole number of a request, bill, receipt, payment, violation or licence, or a subject key such as case:…")
    fields = (
        "number",
        "when",
        "action_in_full",
        "subject_in_full",
        "actor",
        "details",
        "commitment_code",
        "previous_hash",
        "full_hash",
        "fits",
        "chain",
    )
    when = column(_("time"), moment, "at")
    action_code = column(_("action"), label_of, "action")
    subject_name = column(_("subject"), name_of, "subject")
    subject_in_full = column(_("subject"), name_in_full, "subject")
    details = column(_("details"), structure, "data")
    commitment_code = column(_("commitment to the text"), code, "commitment")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(subject__in={term, *registry.keys_of(cleaned(term))}) if term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"verification": last_verification(), "newest": newest_verification(), "may_verify": in_group(request, AUDITOR)}
        return super().changelist_view(request, {**(extra_context or {}), **context})

    def page_facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"title": CODE_LABELS.get(row.action, row.action), "subtitle": None}

    def get_urls(self) -> list[URLPattern]:
        verify = self.admin_site.admin_view(require_POST(self.verify))
        return [path("verify/", verify, name="audit_auditevent_verify"), *super().get_urls()]

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Verify the lines of the chain that were not verified yet, which is recorded."""
        require_role(request, AUDITOR)
        user: Any = request.user
        event = queries.verify_newest(Actor(AUDITOR, user.key))
        if event is None:
            self.message_user(request, _("Every line was verified already."))
        else:
            self.message_user(request, _of_newest(event), messages.ERROR if event.data["faults"] else messages.SUCCESS)
        page = reverse("admin:audit_auditevent_changelist")  # with the filter and search from which it was asked for
        return HttpResponseRedirect(f"{page}?{request.GET.urlencode()}" if request.GET else page)

    @admin.display(description=_("number"), empty_value="—")
    def number(self, event: AuditEvent) -> Any:
        return ref(event.link.number) if hasattr(event, "link") else None

    @admin.display(description=_("action"))
    def action_in_full(self, event: AuditEvent) -> SafeString | str:
        return label_of(event.action, event.action)

    @admin.display(description=_("who"))
    def actor(self, event: AuditEvent) -> SafeString | str:
        return name_of_actor(event.actor_role, event.actor_key)

    @admin.display(description=_("hash"))
    def short_hash(self, event: AuditEvent) -> SafeString | str:
        return code(event.link.hash[:12] if hasattr(event, "link") else "")

    @admin.display(description=_("hash"))
    def full_hash(self, event: AuditEvent) -> SafeString | str:
        return code(event.link.hash if hasattr(event, "link") else "")

    @admin.display(description=_("previous hash"))
    def previous_hash(self, event: AuditEvent) -> SafeString | str:
        return code(event.link.previous_hash if hasattr(event, "link") else "")

    @admin.display(description=_("the whole chain"))
    def chain(self, event: AuditEvent) -> SafeString:
        since = queries.verify_since(event) if hasattr(event, "link") else None
        if since is None:
            return last_verification()
        first, faults = since
        text = _("Lines {first} to {line}, which are newer, were verified just now: {result}")
        newer = format_html(str(text), first=ref(first), line=ref(event.link.number), result=_result(len(faults)))
        return format_html("{}<br>{}", last_verification(), newer)

    @admin.display(description=_("the row fits its hash"))
    def fits(self, event: AuditEvent) -> Any:
        if not hasattr(event, "link"):
            return _("Not numbered yet.")
        return (
            _("Yes") if chain_hash(event.link.previous_hash, event.link.number, event) == event.link.hash else _("No: the row was changed.")
        )


def _branch_names() -> dict[str, str]:
    """The names of the branches, by code; one query a request."""
    rows = Branch.objects.order_by("pk")
    return request_cache.get_or_set("audit.branches", lambda: {row.pk: str(bilingual(row, "name")) for row in rows})


class ViewerBranchFilter(admin.SimpleListFilter):
    """By the branch that who looked was of at the time."""

    title = _("branch of who looked")
    parameter_name = "branch"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(_branch_names().items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(viewer_branch=self.value()) if self.value() else queryset


@admin.register(AccessLogEntry)
class AccessLogEntryAdmin(NamedSubjectsMixin, ReadOnlyAdmin):
    subjects = ("subject", "person_key")
    list_display = ("when", "viewer", "branch", "person", "subject_name", "purpose_code")
    list_filter = (DayFilter, ViewerBranchFilter)
    ordering = ("-pk",)
    search_fields = ("person_key__exact",)  # which has an index
    search_help_text = _("The whole name of the person whose data was read, or a whole key such as person:…")
    fields = list_display
    when = column(_("time"), moment, "at")
    person = column(_("whose data"), name_of, "person_key")
    subject_name = column(_("subject"), name_of, "subject")
    purpose_code = column(_("purpose"), label_of, "purpose")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        term = " ".join(search_term.split())
        if not term:
            return queryset, False
        people = registry.people_of(term)
        if not people and ":" not in term:
            messages.warning(request, _("Nobody has this whole name, so the list is empty."))
        return queryset.filter(person_key__in={term, *people}), False

    @admin.display(description=_("who looked"))
    def viewer(self, entry: AccessLogEntry) -> SafeString | str:
        return name_of_actor(entry.viewer_role, entry.viewer_key)

    @admin.display(description=_("branch of who looked"), empty_value="—")
    def branch(self, entry: AccessLogEntry) -> str | None:
        return _branch_names().get(entry.viewer_branch)
