"""Labels of the codes of opening hours in the admin."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes({"shop.hours_stated": _("Opening hours of a shop stated")})
