"""People and organisations, to read. Every opened page of a person is written down and shown to that person."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from municipality.accounts.models import Organisation, Signatory, User, actor_of
from municipality.audit.services import look
from municipality.ui.admin_base import ReadOnlyAdmin


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("name_ar", "name_en", "masked_number", "is_staff", "staff_number", "branch", "is_active")
    list_filter = ("is_staff", "is_active", "branch")
    list_select_related = ("branch",)
    search_fields = ("name_ar", "name_en", "staff_number")
    ordering = ("name_ar", "pk")
    fields = (
        "name_ar",
        "name_en",
        "masked_number",
        "email",
        "email_confirmed_at",
        "phone",
        "phone_confirmed_at",
        "language",
        "is_active",
        "is_staff",
        "staff_number",
        "branch",
        "joined_at",
        "last_login",
    )
    readonly_fields = ("masked_number",)

    @admin.display(description="الرقم المدني", ordering="civil_id_masked")
    def masked_number(self, person: User) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', person.civil_id_masked) if person.civil_id_masked else "-"

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        person: Any = self.get_object(request, object_id) if object_id else None
        if person is not None and not person.is_staff and self.has_view_permission(request, person):
            look(viewer=actor_of(request.user), person_key=person.key, subject=person.key, purpose="person_page")
        return super().changeform_view(request, object_id, form_url, extra_context)


@admin.register(Organisation)
class OrganisationAdmin(ReadOnlyAdmin):
    list_display = ("name_ar", "name_en", "commercial_register_no")
    search_fields = ("name_ar", "name_en", "commercial_register_no")
    ordering = ("name_ar", "pk")
    fields = ("name_ar", "name_en", "commercial_register_no", "signatories")
    readonly_fields = ("signatories",)

    @admin.display(description="المفوضون بالتوقيع")
    def signatories(self, organisation: Organisation) -> str:
        rows = Signatory.objects.filter(organisation=organisation).select_related("person").order_by("first_day")
        return "، ".join(row.person.name_ar for row in rows)
