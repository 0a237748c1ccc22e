"""What a board has more that is licensed in place of another one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.uploads.models import Upload


class ChangedBoard(models.Model):
    """`months_left` of the licence were left when the change was asked for; empty for all other boards.

    `returned_fils` of the deposit that is held for the board before goes back once the change is licensed and `smaller_photo`
    shows the board in its place; the photo is taken once.
    """

    months_left = models.PositiveSmallIntegerField(_("months left at the change"), null=True, blank=True)
    returned_fils = models.PositiveBigIntegerField(_("deposit that goes back at the change, in fils"), default=0)
    smaller_photo = models.ForeignKey(
        Upload, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("photo of the smaller board")
    )

    class Meta:
        abstract = True
