"""Shops have no table in the admin; their acts are read in the record."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.words import say

say({"shop.changed": _("Facts of a shop changed")})
