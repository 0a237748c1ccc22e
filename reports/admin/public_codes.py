"""Labels of the jobs and messages of the public pages."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "reports.map_counts": _("Count the reports of the public map"),
        "reports.area_digests": _("Send the weekly messages about the reports of areas"),
        "reports.area_digest": _("Reports of the last week in the areas that you follow"),
    }
)
