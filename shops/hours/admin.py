"""Opening hours in the staff's admin: no table, the words of its codes."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.words import say

say(
    {
        "shop.hours_stated": _("Opening hours of a shop stated"),
    }
)
