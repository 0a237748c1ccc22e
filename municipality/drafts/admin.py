"""Labels of audit events, jobs and messages of drafts."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "draft.begun": _("Request begun and kept"),
        "draft.discarded": _("Kept request removed"),
        "draft.expired": _("Kept request run out"),
        "draft.sent": _("Kept request sent"),
        "drafts.reminder": _("A kept request runs out"),
        "drafts.tend": _("Remind of kept requests and remove old ones"),
        "drafts.drop_files": _("Remove the files of requests that are over"),
    }
)
