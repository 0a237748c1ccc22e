"""Extracts of plots."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.documents.models import Document
from zoning.models.plots import Plot


class PlotExtract(models.Model):
    """An extract as it was issued; never deleted. Its facts are those of its document.

    `digest` is the SHA-256 of the facts: the same question of the same day gets the same extract.
    """

    uuid = models.UUIDField(_("identity"), unique=True, default=uuid.uuid4)
    plot = models.ForeignKey(Plot, models.PROTECT, related_name="extracts", verbose_name=_("plot"))
    day = models.DateField(_("what applied on"))
    made_on = models.DateField(_("made on"))
    digest = models.CharField(_("hash"), max_length=64)
    document = models.OneToOneField(Document, models.PROTECT, related_name="+", verbose_name=_("document"))

    class Meta:
        verbose_name = _("extract of a plot")
        verbose_name_plural = _("extracts of plots")
        constraints = [models.UniqueConstraint(fields=["plot", "made_on", "digest"], name="zoning_extract_once")]

    def __str__(self) -> str:
        return str(self.uuid)
