"""Base of the admin of payments: read-only for auditors and the cash office, with the access log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, TextChoices
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.models import StateEvent
from municipality.audit.services import log_access
from municipality.cases.models import Case
from municipality.kernel.actors import Actor
from municipality.rulebook.labels import label_of_reason
from municipality.rulebook.queries import Reason
from municipality.ui.admin_base import ReadOnlyAdmin, ReadOnlyInline, column, in_group, moment
from municipality.ui.code_labels import moved
from municipality.ui.staff_names import name_of_actor
from municipality.ui.templatetags.portal import bilingual, ref
from payments.models import Bill
from payments.states import CASHIER, CHECKER

AUDITOR = "auditor"
CASH_OFFICE = (CASHIER, CHECKER)


def typed(request: HttpRequest, *names: str) -> dict[str, str]:
    """Values of a submitted form, to show it again."""
    return {name: request.POST.get(name, "") for name in names}


def what_for(subject: str, bill: Bill | None) -> SafeString | str:
    """What money is about: the title of the bill and the reference of the request; of anything else the subject key."""
    kind, _colon, public_id = subject.partition(":")
    reference = Case.objects.filter(public_id=public_id).values_list("reference", flat=True).first() if kind == "case" else None
    parts = [part for part in (bilingual(bill, "title") if bill else "", ref(reference) if reference else "") if part]
    return format_html_join(" · ", "{}", ((part,) for part in parts)) if parts else ref(subject)


def source_of(reasons: Sequence[Reason]) -> Reason | None:
    """A reason whose legal source is that of all of them, so that a page states it once; None where they differ."""
    return reasons[0] if len({reason.article_ar for reason in reasons}) == 1 else None


def by_at(person: User, at: dt.datetime | None) -> SafeString:
    """Who did something and when."""
    return format_html("{} · {}", bilingual(person, "name"), moment(at))


class EventInline(ReadOnlyInline):
    """Events of a workflow, whose states have the labels of `states`."""

    fk_name = "subject"
    ordering = ("pk",)
    fields: tuple[str, ...] = ("at", "step", "actor", "reason_code")
    readonly_fields = fields
    states: type[TextChoices]
    reason_code = column(_("reason"), label_of_reason, "reason")

    @admin.display(description=_("step"))
    def step(self, event: StateEvent) -> SafeString | str:
        return moved(*(dict(self.states.choices).get(state, state) for state in (event.from_state, event.to_state)))

    @admin.display(description=_("who"))
    def actor(self, event: StateEvent) -> SafeString | str:
        return name_of_actor(event.actor_role, event.actor_key)


class MoneyAdmin(ReadOnlyAdmin):
    """Read-only pages for the roles of `readers`; no rows for other staff."""

    ordering: tuple[str, ...] = ("-pk",)
    readers: tuple[str, ...] = (AUDITOR,)

    def reader(self, request: HttpRequest) -> str:
        """The reading role of the user; "" without one."""
        return next((role for role in self.readers if in_group(request, role)), "")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if self.reader(request) else rows.none()

    def person_of(self, row: Any) -> tuple[str, str] | None:
        """The keys of the person and subject that a row shows, for the access log; None without a person."""
        return None

    def log_row_access(self, request: HttpRequest, row: Any) -> None:
        """Write to the access log that the row of a person is read."""
        viewed = self.person_of(row)
        role = self.reader(request)
        if viewed and role:
            user: Any = request.user
            purpose = "audit" if role == AUDITOR else "paying_back"
            log_access(viewer=Actor(role, user.key), person_key=viewed[0], subject=viewed[1], purpose=purpose)

    def page(self, request: HttpRequest, name: str, *, status: int = 200, **context: Any) -> TemplateResponse:
        """The page `admin/payments/<name>.html`."""
        context = {
            **self.admin_site.page_context(request),  # type: ignore[attr-defined]
            "opts": self.opts,
            "listing": reverse(f"admin:payments_{self.opts.model_name}_changelist"),
            **context,
        }
        return TemplateResponse(request, f"admin/payments/{name}.html", context, status=status)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None and self.has_view_permission(request, row):
            self.log_row_access(request, row)
        return super().change_view(request, object_id, form_url, extra_context)
