"""Labels of the codes of corrections and replies in the admin."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "shops.page_request_sent": _("Correction or reply of a shop page received"),
        "shops.correction_made": _("Correction of a shop page accepted"),
        "shops.page_corrected": _("Fact of a shop corrected on somebody’s word"),
        "reply.published": _("Reply on a shop page published"),
        "skill.pages": _("Pages of shops"),
    }
)
