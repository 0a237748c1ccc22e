"""Labels of the audit events and jobs of intake."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "reports.report": _("Report"),
        "report.me_too": _("Another person saw the same as a report"),
        "report.received": _("Report received"),
        "reports.code": _("Send a code that confirms the phone number of a reporter"),
    }
)
