"""Labels of jobs of imports."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes({"imports.check": _("Read an imported file"), "imports.take": _("Take in an imported file")})
