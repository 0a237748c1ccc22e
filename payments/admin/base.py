"""Money to read: for auditors, and each opening of a person's row is written down."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from municipality.audit.services import look
from municipality.cases.admin_base import ReadOnlyAdmin, in_group
from municipality.kernel.actors import Actor

AUDITOR = "auditor"


class MoneyAdmin(ReadOnlyAdmin):
    """Only the fields named; staff who are no auditors see none here."""

    ordering = ("-pk",)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return tuple(str(name) for name in self.readonly_fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if in_group(request, AUDITOR) else rows.none()

    def person_of(self, row: Any) -> tuple[str, str] | None:
        """The person's key and the subject that opening `row` looks at; None where it shows nobody."""
        return None

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        seen = self.person_of(row) if row is not None and self.has_view_permission(request, row) else None
        if seen:
            user: Any = request.user
            look(viewer=Actor(AUDITOR, user.key), person_key=seen[0], subject=seen[1], purpose="audit")
        return super().change_view(request, object_id, form_url, extra_context)
