"""Labels of the codes of open data in the admin."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "shops.number_changes": _("Number changes of the register for the public feed"),
        "shops.find_unmarked_changes": _("Compare the register with what was published"),
        "shops.compare_rest": _("Go on comparing the register with what was published"),
        "shops.open_data": _("Write the files of the open data"),
    }
)
