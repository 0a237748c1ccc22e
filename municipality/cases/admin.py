"""Cases, read-only: for auditors, with an access log entry each time one is opened."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts import purposes
from municipality.audit.models import AuditEvent
from municipality.audit.registry import SUBJECTS
from municipality.audit.services import log_access
from municipality.cases import queries
from municipality.cases.models import Case, CaseEvent, Ease, Feedback, FiledBy
from municipality.cases.timeline import TIMELINES
from municipality.kernel import digits
from municipality.kernel.actors import Actor
from municipality.rulebook.labels import label_of_reason
from municipality.ui import staff_menu
from municipality.ui.admin_base import ReadOnlyAdmin, ReadOnlyInline, code, column, in_group, moment, structure
from municipality.ui.code_labels import label_codes, label_of, label_of_edition, moved
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.staff_names import name_of_actor
from municipality.ui.staff_roles import has_table
from municipality.ui.staff_search import FINDERS
from municipality.ui.subject_names import NAMES, name_of
from municipality.ui.templatetags.portal import bilingual, ref, term
from municipality.ui.texts import Text

AUDITOR = "auditor"
PURPOSES = ("purpose.audit", "purpose.complaint", "purpose.court", "purpose.misuse")  # why an auditor opens a request
LISTED = 200  # acts on the page of a request
label_codes(
    {
        "block.lifted": _("Block lifted"),
        "block.placed": _("Block placed"),
        "case.opened": _("Request opened"),
        "payments.attempt": _("Payment"),
        "cases.figures": _("Compute what services really take"),
    }
)


def _titles(workflow: str) -> Mapping[str, Text]:
    """The titles of the states of a workflow."""
    return TIMELINES[workflow].titles if workflow in TIMELINES else {}


def _who(case: Case, role: str, key: str) -> SafeString | str:
    """The role of who acted, with the name of a member of staff and of the applicant; nobody's key."""
    if key == case.applicant.key:
        return format_html("{} {}", label_of(role), term(bilingual(case.applicant, "name")))
    return name_of_actor(role, key) if key.startswith("staff:") else label_of(role)


class EventInline(ReadOnlyInline):
    model = CaseEvent
    fk_name = "subject"
    ordering = ("pk",)
    fields = ("when", "step", "actor", "reason_code")
    when = column(_("time"), moment, "at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CaseEvent]:
        return super().get_queryset(request).select_related("subject__applicant")

    @admin.display(description=_("step"))
    def step(self, event: CaseEvent) -> SafeString | str:
        titles = _titles(event.workflow)
        if event.from_state == event.to_state and event.workflow in TIMELINES:
            return format_html("{}", TIMELINES[event.workflow].title(event))
        return moved(titles.get(event.from_state, event.from_state), titles.get(event.to_state, event.to_state))

    @admin.display(description=_("who"))
    def actor(self, event: CaseEvent) -> SafeString | str:
        return _who(event.subject, event.actor_role, event.actor_key)

    @admin.display(description=_("reason"))
    def reason_code(self, event: CaseEvent) -> SafeString | str:
        codes = [event.reason] if event.reason else dict.fromkeys(code for _target, code in event.data.get("items", ()))
        lines = [(label_of_reason(code, event.subject.editions),) for code in codes]
        return format_html_join(SafeString("<br>"), "{}", lines) if lines else label_of_reason("")


staff_menu.register(
    "cases",
    # Officers and supervisors find no request in this list; theirs come from the desk.
    StaffEntry("lookup", _("Requests"), "admin:cases_case_changelist", roles=(AUDITOR,), permission="cases.view_case"),
    StaffEntry("lookup", _("Answers about the services"), "admin:cases_feedback_changelist", permission="cases.view_feedback"),
)


def find(request: HttpRequest, reference: str) -> str:
    """The page of a request, for an auditor."""
    if not in_group(request, AUDITOR) or not has_table(request, "cases.view_case"):
        return ""
    number = Case.objects.filter(reference=reference).values_list("pk", flat=True).first()
    return reverse("admin:cases_case_change", args=[number]) if number else ""


FINDERS.register("cases", find)


def keys_of(reference: str) -> list[str]:
    """The key of the request with a reference, for the audit log."""
    return [f"case:{public_id}" for public_id in Case.objects.filter(reference=reference).values_list("public_id", flat=True)]


SUBJECTS.register("cases", keys_of)


def _names(public_ids: Collection[str]) -> dict[str, Text]:
    rows = Case.objects.filter(public_id__in=public_ids).values_list("public_id", "reference")
    return {public_id: format_html("{} {}", gettext("Request"), ref(reference)) for public_id, reference in rows}


NAMES.register("case", _names)


class OpenCaseFilter(admin.SimpleListFilter):
    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("open requests")), ("closed", _("closed requests"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        return queryset.filter(is_open=self.value() == "open") if self.value() in ("open", "closed") else queryset


def _act_link(event: AuditEvent) -> tuple[str, SafeString | str]:
    return reverse("admin:audit_auditevent_change", args=[event.pk]), label_of(event.action)


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    change_list_template = "admin/cases/case/change_list.html"
    change_form_template = "admin/cases/case/change_form.html"
    list_display = ("reference_code", "service_name", "title_ar", "branch", "state_name", "opened_at", "due_on", "closed_at")
    list_filter = (OpenCaseFilter, "branch")
    list_select_related = ("branch",)
    ordering = ("-pk",)
    search_fields = ("reference",)
    search_help_text = _("A whole reference")
    inlines = (EventInline,)
    fields = (
        *("reference_code", "service_name", "state_name", "title_ar", "title_en", "subject_words", "person", "civil_number", "how_filed"),
        *("branch_name", "opened_at", "due_on", "closed_at", "rules", "values", "acts"),
    )
    reference_code = column(_("reference"), code, "reference", ordering="reference")
    subject_words = column(_("subject"), name_of, "subject")
    civil_number = column(_("civil number"), code, "applicant.civil_id_masked")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        rows = super().get_queryset(request)
        return rows if in_group(request, AUDITOR) else rows.none()

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Case], search_term: str) -> tuple[QuerySet[Case], bool]:
        term = digits.clean(search_term)
        return (queryset.filter(reference=term.upper()) if term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**(extra_context or {}), "own_only": not in_group(request, AUDITOR)}
        return super().changelist_view(request, context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        case: Case | None = self.get_object(request, object_id)
        if request.method != "POST" and case is not None and self.has_view_permission(request, case):
            user: Any = request.user
            purpose = purposes.chosen(request, case.key)
            if not purpose:
                return purposes.ask(request, case.key, fitting=PURPOSES, about=ref(case.reference))
            log_access(viewer=Actor(AUDITOR, user.key), person_key=case.applicant.key, subject=case.key, purpose=purpose)
        return super().change_view(request, object_id, form_url, extra_context)

    @admin.display(description=_("service"), ordering="service")
    def service_name(self, case: Case) -> Text | SafeString:
        return TIMELINES[case.service].name if case.service in TIMELINES else code(case.service)

    @admin.display(description=_("state"), ordering="state")
    def state_name(self, case: Case) -> Text | SafeString:
        return _titles(case.service).get(case.state) or code(case.state)

    @admin.display(description=_("applicant"))
    def person(self, case: Case) -> str:
        return str(bilingual(case.applicant, "name"))

    @admin.display(description=_("branch"))
    def branch_name(self, case: Case) -> Any:
        return term(bilingual(case.branch, "name"))

    @admin.display(description=_("sent in"))
    def how_filed(self, case: Case) -> Text | SafeString:
        return FiledBy(case.filed_by).label

    @admin.display(description=_("editions of the rules"))
    def rules(self, case: Case) -> SafeString | str:
        return format_html_join(" · ", "{}", ([label_of_edition(stamp)] for stamp in case.editions)) or "—"

    @admin.display(description=_("all acts, from the audit log"))
    def acts(self, case: Case) -> SafeString:
        events = list(AuditEvent.objects.filter(subject=case.key).order_by("pk")[:LISTED])
        lines = ((moment(event.at), *_act_link(event), _who(case, event.actor_role, event.actor_key)) for event in events)
        return (
            format_html("<ol>{}</ol>", format_html_join("", '<li>{} · <a href="{}">{}</a> · {}</li>', lines)) if events else SafeString("—")
        )

    @admin.display(description=_("values used"))
    def values(self, case: Case) -> SafeString:
        return format_html("<details><summary>{}</summary>{}</details>", _("Show the values"), structure(case.snapshot))


def _service(workflow: str) -> Text | SafeString | str:
    return TIMELINES[workflow].name if workflow in TIMELINES else label_of(workflow)


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    """What people answered, without who they are."""

    change_list_template = "admin/cases/feedback/change_list.html"
    list_display = ("at", "service_name", "answer", "text")
    list_filter = ("ease",)
    ordering = ("-pk",)
    fields = ("at", "service_name", "answer", "text")
    service_name = column(_("service"), _service, "service", ordering="service")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        averages = [(_service(service), many, average) for service, many, average in queries.feedback_averages()]
        return super().changelist_view(request, {**(extra_context or {}), "averages": averages})

    @admin.display(description=_("answer"), ordering="ease")
    def answer(self, feedback: Feedback) -> Text:
        return Ease(feedback.ease).label
