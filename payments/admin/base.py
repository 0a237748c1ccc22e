"""Money to read: for auditors and, where they work with it, the people of the cash office; each look at a person's row is written."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from municipality.audit.services import log_access
from municipality.kernel.actors import Actor
from municipality.ui.admin_base import ReadOnlyAdmin, in_group
from payments.states import CASHIER, CHECKER

AUDITOR = "auditor"
CASH_OFFICE = (CASHIER, CHECKER)


def typed(request: HttpRequest, *names: str) -> dict[str, str]:
    """What was typed into a form that comes back."""
    return {name: request.POST.get(name, "") for name in names}


class MoneyAdmin(ReadOnlyAdmin):
    """Only the fields named; staff of no reading role see no row here."""

    ordering = ("-pk",)
    readers: tuple[str, ...] = (AUDITOR,)

    def reader(self, request: HttpRequest) -> str:
        """The role in which the signed-in member of staff reads; empty for none."""
        return next((role for role in self.readers if in_group(request, role)), "")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if self.reader(request) else rows.none()

    def person_of(self, row: Any) -> tuple[str, str] | None:
        """The person's key and the subject that opening `row` looks at; None where it shows nobody."""
        return None

    def note_look(self, request: HttpRequest, row: Any) -> None:
        """Write that the person's row is read, before it is shown."""
        seen = self.person_of(row)
        role = self.reader(request)
        if seen and role:
            user: Any = request.user
            purpose = "audit" if role == AUDITOR else "paying_back"
            log_access(viewer=Actor(role, user.key), person_key=seen[0], subject=seen[1], purpose=purpose)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None and self.has_view_permission(request, row):
            self.note_look(request, row)
        return super().change_view(request, object_id, form_url, extra_context)
