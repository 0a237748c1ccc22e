"""Labels of the register's codes in the admin."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "shop.changed": _("Facts of a shop changed"),
        "shop.transferred": _("Shop passed to another holder"),
        "holder": _("Holder of the shop"),
        "register_clerk": _("Clerk of the register"),
        "register_keeper": _("Keeper of the register"),
        "shop.opened": _("Shop opened"),
        "shop.suspended": _("Shop suspended"),
        "shop.tied_attempt": _("Attempt to act on a shop despite a conflict of interest"),
        "shop.resumed": _("Shop resumed"),
        "shop.closed": _("Shop closed"),
        "shop.reopened": _("Shop opened again"),
        "shops.register_changed": _("Holder told what was entered about the shop"),
        "shops.tell_holders": _("Tell holders what was entered about their shops"),
    }
)
