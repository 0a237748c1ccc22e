"""What a board has more that is licensed in place of another one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ChangedBoard(models.Model):
    """`months_left` of the licence were left when the change was asked for; empty for all other boards.

    `returned_fils` of the deposit that is held for the board before goes back when the change is licensed.
    """

    months_left = models.PositiveSmallIntegerField(_("months left at the change"), null=True, blank=True)
    returned_fils = models.PositiveBigIntegerField(_("deposit that goes back at the change, in fils"), default=0)

    class Meta:
        abstract = True
