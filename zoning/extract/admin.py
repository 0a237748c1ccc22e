"""Labels of the audit events and jobs of extracts."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "zoning.extract_made": _("Extract of a plot made"),
        "zoning.extract_document": _("Write the extract of a plot"),
    }
)
