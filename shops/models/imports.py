"""Rows of imported sheets of the register."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.imports.models import ImportRow


class RegisterRow(ImportRow):
    """One row of a sheet. `number` is that of the commercial licence; `effect` has the columns of the shop: the values of a new
    one, or before and after of each changed column.
    """

    effect = models.JSONField(_("values"), default=dict)

    class Meta(ImportRow.Meta):
        verbose_name = _("line of the register")
        verbose_name_plural = _("lines of the register")
