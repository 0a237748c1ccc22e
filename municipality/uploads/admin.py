"""Labels of audit events and jobs of uploads."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "store.damaged": _("A kept file is missing or damaged"),
        "store.no_room": _("No room on the disk for files"),
        "upload.accepted": _("File checked and accepted"),
        "upload.attached": _("File joined to a request"),
        "upload.received": _("File received"),
        "upload.refused": _("File refused"),
        "upload.removed": _("File removed"),
        "uploads.expire_unfinished": _("Remove a file that never arrived whole"),
        "uploads.inspect": _("Check a file and re-encode it"),
        "uploads.sweep": _("Look for files left over"),
    }
)
