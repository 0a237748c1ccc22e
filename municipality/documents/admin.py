"""The token of the seal, read-only, and labels of audit events and jobs."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.audit.registry import SUBJECTS
from municipality.documents.models import Document, SealToken
from municipality.ui import staff_menu
from municipality.ui.admin_base import ReadOnlyAdmin, code, moment
from municipality.ui.code_labels import label_codes
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.subject_names import NAMES
from municipality.ui.templatetags.portal import ref
from municipality.ui.texts import Text

label_codes(
    {
        "document.activated": _("Document in force"),
        "document.carried_over": _("Document carried over from paper"),
        "document.resumed": _("Document in force again"),
        "document.revoked": _("Document revoked"),
        "document.superseded": _("Document replaced by a newer one"),
        "document.suspended": _("Document suspended"),
        "documents.look_at_seal": _("Look at the token of the seal"),
        "documents.seal_token": _("Token of the seal"),
        "documents.sweep_files": _("Look for files without a document"),
    }
)


staff_menu.register(
    "documents",
    StaffEntry("operation", _("Tokens of the seal"), "admin:documents_sealtoken_changelist", permission="documents.view_sealtoken"),
)


def keys_of(number: str) -> list[str]:
    """The key of a document, such as a licence or a receipt, and of what it is about, for the audit log."""
    rows = Document.objects.filter(number=number).values_list("pk", "subject")
    return [key for document_id, subject in rows for key in (f"document:{document_id}", subject)]


SUBJECTS.register("documents", keys_of)


def _names(numbers: Collection[str]) -> dict[str, Text]:
    rows = Document.objects.filter(pk__in=[number for number in numbers if number.isdecimal()]).values_list("pk", "number")
    return {str(pk): format_html("{} {}", gettext("Document"), ref(number)) for pk, number in rows}


NAMES.register("document", _names)


@admin.register(SealToken)
class SealTokenAdmin(ReadOnlyAdmin):
    list_display = ("token_label", "state", "since_when", "seen_when")
    ordering = ("token",)
    fields = ("token_label", "label_of_key", "state", "module_says", "refused_when", "since_when", "seen_when")

    @admin.display(description=_("token"), ordering="token")
    def token_label(self, row: SealToken) -> SafeString | str:
        return code(row.token)

    @admin.display(description=_("key of the seal"))
    def label_of_key(self, row: SealToken) -> SafeString | str:
        return code(row.key_label)

    @admin.display(description=_("what the module says"))
    def module_says(self, row: SealToken) -> SafeString | str:
        return code(row.detail)

    @admin.display(description=_("PIN refused"))
    def refused_when(self, row: SealToken) -> str:
        return moment(row.pin_refused_at)

    @admin.display(description=_("since"))
    def since_when(self, row: SealToken) -> str:
        return moment(row.since)

    @admin.display(description=_("last looked at"))
    def seen_when(self, row: SealToken) -> str:
        return moment(row.seen_at)
