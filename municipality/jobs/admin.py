"""Admin of jobs, read-only, except that an operator can retry one that is dead or on hold."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.jobs import services
from municipality.jobs.models import Job, JobState
from municipality.kernel.actors import Actor
from municipality.ui import staff_menu
from municipality.ui.admin_base import MAX_COUNT, NarrowedFilter, ReadOnlyAdmin, code, column, in_group, require_role, structure
from municipality.ui.code_labels import label_codes, label_of
from municipality.ui.staff_home import ROWS, HomePart, Next, Row, Work
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.texts import Text

OPERATOR = "operator"
label_codes(
    {
        "job.retried": _("Job tried again"),
        "jobs.forget_slots": _("Delete finished periodic jobs"),
        "urgent": _("Urgent"),
        "documents": _("Documents"),
        "messages": _("Messages"),
        "bulk": _("In the background"),
    }
)
WAITING_FOR_A_PERSON = frozenset({JobState.DEAD, JobState.ON_HOLD})
STATES: dict[str, Text] = {**dict(JobState.choices), JobState.DEAD: _("failed, not tried again")}


def _stuck(request: HttpRequest) -> int | None:
    """How many jobs wait for an operator."""
    return Job.objects.filter(state__in=WAITING_FOR_A_PERSON)[:MAX_COUNT].count() if in_group(request, OPERATOR) else None


def home(request: HttpRequest) -> HomePart:
    """Jobs that wait for an operator, the oldest first."""
    if not in_group(request, OPERATOR):
        return HomePart()
    jobs = Job.objects.filter(state__in=WAITING_FOR_A_PERSON).order_by("pk")[:ROWS]
    rows = [
        Row(label_of(job.kind), reverse("admin:jobs_job_change", args=[job.pk]), "", label_of(job.queue), ("bad", STATES[job.state]))
        for job in jobs
    ]
    page, nothing = reverse("admin:jobs_job_changelist"), _("No job waits for a person.")
    if rows:
        offer = Next(_("Operation"), rows[0].title, _("A job could not be done by itself."), _("Open the next job"), rows[0].url)
    else:
        offer = Next(_("Operation"), nothing, "", _("Background jobs"), page, waits=False)
    return HomePart(offer, [Work(_("Jobs that wait for a person"), rows, more=page, empty=nothing)])


admin.site.add_pages([], home=home)  # type: ignore[attr-defined]
staff_menu.register(
    "jobs",
    StaffEntry(
        "operation",
        _("Background jobs"),
        "admin:jobs_job_changelist",
        permission="jobs.view_job",
        count=_stuck,
        tile=_("wait for a person"),
        tone="bad",
    ),
)


class _JobStateFilter(NarrowedFilter):
    """By default what needs a person; a search looks through all."""

    title = _("state")  # type: ignore[assignment]
    parameter_name = "state"
    by_default = _("Waits for a person")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*STATES.items(), ("all", _("All"))]

    def queryset(self, request: HttpRequest, rows: QuerySet[Job]) -> QuerySet[Job]:
        if self.value() == "all" or (not self.value() and request.GET.get("q")):
            return rows
        return rows.filter(state__in=[self.value()] if self.value() else WAITING_FOR_A_PERSON)


class _QueueFilter(admin.AllValuesFieldListFilter):
    """The queues by their labels."""

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield {**choice, "display": label_of(choice["display"])}


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    change_form_template = "admin/jobs/job/change_form.html"
    list_display = ("kind_code", "queue_code", "state_name", "tries", "due_at", "finished_at")
    list_filter = (_JobStateFilter, ("queue", _QueueFilter))
    ordering = ("-pk",)
    search_fields = ("key",)
    search_help_text = _("A whole key of a job")
    fields = (
        *("kind_in_full", "key_code", "queue_code", "state_name", "tries", "lost_workers"),
        *("created_at", "due_at", "finished_at", "arguments", "error"),
    )
    kind_code = column(_("kind"), label_of, "kind")
    key_code = column(_("key"), code, "key")
    queue_code = column(_("queue"), label_of, "queue")
    arguments = column(_("arguments"), structure, "args")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Job], search_term: str) -> tuple[QuerySet[Job], bool]:
        term = search_term.strip()
        return (queryset.filter(key=term) if term else queryset), False

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:job_id>/retry/", self.admin_site.admin_view(self.retry), name="jobs_job_retry"),
            *super().get_urls(),
        ]

    def page_facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"may_retry": row.state in WAITING_FOR_A_PERSON and in_group(request, OPERATOR)}

    def retry(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Confirm (GET), then let the job run again (POST), with an audit event in the same transaction."""
        require_role(request, OPERATOR)
        job = get_object_or_404(Job, pk=job_id)
        page = reverse("admin:jobs_job_change", args=[job.pk], current_app=self.admin_site.name)
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "opts": self.opts, "job": job, "title": _("Try again"), "back": page}
            return TemplateResponse(request, "admin/jobs/job/retry.html", context)
        user: Any = request.user
        with transaction.atomic():
            retried = services.retry(job.pk)
            if retried:
                data = {"kind": job.kind, "was": job.state, "tries": job.tries}
                record("job.retried", subject=f"job:{job.pk}", actor=Actor(OPERATOR, user.key), data=data)
        if retried:
            self.message_user(request, _("The job is due again and will be tried now."))
        else:
            self.message_user(request, _("The job is not waiting for a person any more. Nothing was changed."), messages.WARNING)
        return HttpResponseRedirect(page)

    @admin.display(description=_("kind"))
    def kind_in_full(self, job: Job) -> SafeString | str:
        return label_of(job.kind, job.kind)

    @admin.display(description=_("state"), ordering="state")
    def state_name(self, job: Job) -> Text:
        return STATES[job.state]

    @admin.display(description=_("last error"))
    def error(self, job: Job) -> SafeString | str:
        """The last line only: the rest of a traceback may contain data that staff need not read."""
        lines = job.last_error.strip().splitlines()
        return code(lines[-1][:300] if lines else "")
