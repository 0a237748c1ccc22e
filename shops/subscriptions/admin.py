"""Digests in the staff's admin: no table, the words of its codes."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.words import say

say(
    {
        "shops.follow_digests": _("Send the digests of what people follow"),
        "shops.followed_changed": _("What somebody follows changed"),
    }
)
