"""Opening hours in the staff's admin: no table, the words of its codes."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "shop.hours_stated": _("Opening hours of a shop stated"),
    }
)
