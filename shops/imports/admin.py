"""Labels of the codes of sheets in the admin."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "register.loaded": _("Sheet of the register loaded"),
        "register.checked": _("Sheet of the register read"),
        "register.released": _("Sheet of the register released"),
        "register.refused": _("Sheet of the register put aside"),
        "register.stopped": _("Taking in of a sheet stopped"),
        "register.resumed": _("Taking in of a sheet goes on"),
        "register.taken": _("Lines of a sheet taken in"),
    }
)
