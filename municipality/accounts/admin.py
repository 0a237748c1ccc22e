"""Admin of people and organisations, read-only, for auditors and supervisors. Every opened page of a person is logged."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts import (
    keys_admin,  # noqa: F401  (registers its pages)
    purposes,
)
from municipality.accounts.access_log import REASONS
from municipality.accounts.models import Organisation, Signatory, User, actor_of
from municipality.audit.registry import PEOPLE
from municipality.audit.services import log_access
from municipality.kernel.actors import Actor
from municipality.ui.admin_base import ReadOnlyAdmin, in_group, moment
from municipality.ui.code_labels import label_codes
from municipality.ui.subject_names import NAMES
from municipality.ui.templatetags.portal import bilingual, term
from municipality.ui.texts import Text

label_codes(
    {
        "accounts.contact_changed": _("Address of messages changed"),
        "accounts.contact_confirmed": _("Address confirmed"),
        "accounts.forget": _("Delete what has expired"),
        "accounts.language_chosen": _("Language of messages chosen"),
        "accounts.passkey_added": _("Passkey added"),
        "accounts.send_push": _("Request to a phone"),
        "accounts.poll_pushes": _("Answers of phones"),
        "accounts.passkey_copied": _("Copied passkey refused"),
        "accounts.passkey_lost": _("Passkey reported lost"),
        "accounts.passkey_removed": _("Passkey removed"),
        "accounts.passkey_renamed": _("Passkey renamed"),
        "accounts.proved_again": _("Proved again who they are"),
        "accounts.second_factor_enrolled": _("Second factor set up"),
        "accounts.callback_replayed": _("Callback of Mobile ID repeated after the answer"),
        "accounts.signed_in": _("Sign-in"),
        "accounts.session_ended": _("Session ended"),
        "accounts.sessions_ended": _("All other sessions ended"),
        "accounts.staff_changed": _("Roles or branch of staff changed"),
        "accounts.staff_closed": _("Account of staff closed"),
        "accounts.staff_opened": _("Account of staff opened"),
        "accounts.staff_reopened": _("Account of staff opened again"),
        "accounts.superuser_made": _("Superuser made"),
        "accounts.superuser_signed_in": _("Superuser signed in"),
        "accounts.tell_alarms": _("Tell of superusers"),
        "accounts.way_back_opened": _("Way back to a lost passkey opened"),
        **purposes.PURPOSES,
        **{code: REASONS[code] for code in ("review", "names", "file", "violation", "workers", "call")},
    }
)
admin.site.add_pages(purposes.PAGES)  # type: ignore[attr-defined]


def _viewer(request: HttpRequest) -> Actor:
    """The actor for the access log, in the role that permits the page."""
    role = next((name for name in ("auditor", "supervisor") if in_group(request, name)), "officer")
    user: Any = request.user
    return actor_of(user, role)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("name_ar", "name_en", "masked_number", "is_staff", "staff_number", "branch", "is_active")
    list_filter = ("is_staff", "is_active", "branch")
    list_select_related = ("branch",)
    search_fields = ("name_ar", "name_en", "staff_number")
    ordering = ("name_ar", "pk")
    # E-mail and phone are marked contact: no page of staff shows them, only whether they are confirmed.
    fields = (
        "name_ar",
        "name_en",
        "masked_number",
        "email_since",
        "phone_since",
        "language",
        "is_active",
        "is_staff",
        "staff_number",
        "branch",
        "joined",
        "last_login",
    )

    @admin.display(description=_("civil number"), ordering="civil_id_masked")
    def masked_number(self, person: User) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', person.civil_id_masked) if person.civil_id_masked else "-"

    @admin.display(description=_("e-mail address confirmed"))
    def email_since(self, person: User) -> str:
        return moment(person.email_confirmed_at)

    @admin.display(description=_("phone confirmed"))
    def phone_since(self, person: User) -> str:
        return moment(person.phone_confirmed_at)

    @admin.display(description=_("first sign-in"))
    def joined(self, person: User) -> str:
        return moment(person.joined_at)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        person: Any = self.get_object(request, object_id) if object_id else None
        if request.method != "POST" and person is not None and not person.is_staff and self.has_view_permission(request, person):
            purpose = purposes.chosen(request, person.key)
            if not purpose:
                return purposes.ask(request, person.key)
            log_access(viewer=_viewer(request), person_key=person.key, subject=person.key, purpose=purpose)
        return super().changeform_view(request, object_id, form_url, extra_context)


@admin.register(Organisation)
class OrganisationAdmin(ReadOnlyAdmin):
    list_display = ("name_ar", "name_en", "commercial_register_no")
    search_fields = ("name_ar", "name_en", "commercial_register_no")
    ordering = ("name_ar", "pk")
    fields = ("name_ar", "name_en", "commercial_register_no", "signatories")

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        organisation: Any = self.get_object(request, object_id) if object_id else None
        if request.method != "POST" and organisation is not None and self.has_view_permission(request, organisation):
            subject = f"organisation:{organisation.public_id}"
            purpose = purposes.chosen(request, subject)
            if not purpose:
                return purposes.ask(request, subject)
            for row in Signatory.objects.filter(organisation=organisation).select_related("person"):
                log_access(viewer=_viewer(request), person_key=row.person.key, subject=subject, purpose=purpose)
        return super().changeform_view(request, object_id, form_url, extra_context)

    @admin.display(description=_("signatories"))
    def signatories(self, organisation: Organisation) -> str:
        rows = Signatory.objects.filter(organisation=organisation).select_related("person").order_by("first_day")
        return gettext(", ").join(str(bilingual(row.person, "name")) for row in rows)


def keys_of(name: str) -> list[str]:
    """The keys of the people with a whole name, for the search of the access log."""
    rows = User.objects.filter(Q(name_ar=name) | Q(name_en__iexact=name), is_staff=False)
    return [user.key for user in rows.only("public_id", "is_staff")]


PEOPLE.register("accounts", keys_of)


def _names(public_ids: Collection[str]) -> dict[str, Text]:
    rows = User.objects.filter(public_id__in=public_ids, is_staff=True)
    return {row.public_id: term(bilingual(row, "name")) for row in rows.only("public_id", "name_ar", "name_en")}


NAMES.register("staff", _names)
