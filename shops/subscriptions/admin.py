"""Labels of the codes of digests in the admin."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {"shops.follow_digests": _("Send the digests of what people follow"), "shops.followed_changed": _("What somebody follows changed")}
)
