"""The end of a licensed board; imported by `licensing.models`."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.accounts.models import User
from municipality.uploads.models import Upload


class BoardEndReason(models.TextChoices):
    REMOVED = "removed", _("Removed by its holder")
    LAPSED = "lapsed", _("Its licence ended")
    FOUND_GONE = "found_gone", _("Found removed by an inspector")
    WITH_SHOP = "with_shop", _("Ended with the licence of the shop")
    CHANGED = "changed", _("Replaced by a changed board")


class BoardEnd(models.Model):
    """The end of a licensed board. `day` is the first day without it, `photo` the place after its removal: with it, its deposit goes back.

    `by` is empty where the shop's licence or a changed board ended it. The photo may come later; neither is changed afterwards.
    `stands_as` is the licensed board as which it stands again, under another number: then the photo shows that board in its place.
    """

    board = models.OneToOneField("licensing.Board", models.PROTECT, related_name="end", verbose_name=pgettext_lazy("model", "board"))
    reason = models.CharField(_("reason"), max_length=10, choices=BoardEndReason)
    day = models.DateField(_("ended from"))
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("ended by"))
    at = models.DateTimeField(_("at"))
    photo = models.ForeignKey(Upload, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("photo afterwards"))
    stands_as = models.ForeignKey(
        "licensing.Board", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("licensed again as")
    )

    class Meta:
        verbose_name = _("end of a board")
        verbose_name_plural = _("ends of boards")
        constraints = [
            models.CheckConstraint(condition=models.Q(reason__in=BoardEndReason.values), name="licensing_board_end_reason"),
            models.CheckConstraint(
                condition=models.Q(by__isnull=False) | models.Q(reason__in=["with_shop", "changed"]), name="licensing_board_end_by"
            ),
            # Without the photo these two are no end: nobody saw that the board is gone.
            models.CheckConstraint(
                condition=models.Q(photo__isnull=False) | ~models.Q(reason__in=["lapsed", "found_gone"]), name="licensing_board_end_seen"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.board_id}: {self.reason}"
