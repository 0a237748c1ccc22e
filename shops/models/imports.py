"""Each line of a sheet of the register as it was read."""

from __future__ import annotations

from django.db import models

from municipality.imports.models import ImportRow


class RegisterRow(ImportRow):
    """One line of a sheet: `number` is that of the commercial licence, `effect` columns of the shop: of a new one their values, of a
    known one before and after of each that changes.
    """

    effect = models.JSONField("القيم", default=dict)

    class Meta(ImportRow.Meta):
        verbose_name = "سطر من السجل"
        verbose_name_plural = "سطور من السجل"
