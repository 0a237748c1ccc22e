"""Rows of imported sheets of the register."""

from __future__ import annotations

from django.db import models

from municipality.imports.models import ImportRow


class RegisterRow(ImportRow):
    """One row of a sheet. `number` is that of the commercial licence; `effect` has the columns of the shop: the values of a new
    one, or before and after of each changed column.
    """

    effect = models.JSONField("القيم", default=dict)

    class Meta(ImportRow.Meta):
        verbose_name = "سطر من السجل"
        verbose_name_plural = "سطور من السجل"
