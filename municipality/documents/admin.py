"""Documents have no table in the admin; their acts and jobs are read in the record."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.words import say

say(
    {
        "document.activated": _("Document in force"),
        "document.carried_over": _("Document carried over from paper"),
        "document.resumed": _("Document in force again"),
        "document.revoked": _("Document revoked"),
        "document.superseded": _("Document replaced by a newer one"),
        "document.suspended": _("Document suspended"),
        "documents.sweep_files": _("Look for files without a document"),
    }
)
