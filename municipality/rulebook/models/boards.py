"""Rows of the fees of advertisement boards."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.rulebook.models.rulesets import RuleSet


class BoardClass(models.TextChoices):
    """The classes of MD 599/2023."""

    COMMERCIAL = "commercial", _("Commercial")
    INTRODUCTORY = "introductory", _("Introductory")
    SEASONAL = "seasonal", _("Seasonal")
    CONSTRUCTION = "construction", _("Construction project")


class BoardMedium(models.TextChoices):
    FASCIA = "fascia", _("Board on the front")
    LIGHT_BOX = "light_box", _("Light box")
    GLASS = "glass", _("Glass front")
    SCREEN = "screen", _("Screen with a fixed picture")
    MOVING_SCREEN = "moving_screen", _("Screen with moving pictures")
    ROOF = "roof", _("Board on a roof")
    VEHICLE = "vehicle", _("Vehicle")
    CART = "cart", _("Cart")
    BIKE = "bike", _("Delivery motorcycle")
    BALLOON = "balloon", _("Balloon")


class BoardPeriod(models.TextChoices):
    MONTH = "month", _("Month")
    YEAR = "year", _("Year")


class BoardFeeRule(models.Model):
    """The fee of a class and medium of boards for a month or a year: `rate_fils` a square metre and face, and `flat_fils` a piece.

    The deposit is a share of the fee in per cent; it is returned when the board is gone.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="board_fees")
    board_class = models.CharField(_("class"), max_length=20, choices=BoardClass)
    medium = models.CharField(_("medium"), max_length=20, choices=BoardMedium)
    period = models.CharField(_("period"), max_length=5, choices=BoardPeriod)
    rate_fils = models.PositiveBigIntegerField(_("fils for a square metre and face"), default=0)
    flat_fils = models.PositiveBigIntegerField(_("fils for a piece"), default=0)
    deposit_percent = models.PositiveSmallIntegerField(_("deposit in per cent of the fee"), default=0)
    revenue_account = models.CharField(_("revenue account"), max_length=20, default="ADVERTISEMENTS")
    article_ar = models.CharField(_("article in Arabic"), max_length=200)
    article_en = models.CharField(_("article in English"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "board_class", "medium"], name="rulebook_board_fee_once"),
            models.CheckConstraint(condition=~models.Q(article_ar="") & ~models.Q(article_en=""), name="rulebook_board_fee_has_article"),
            models.CheckConstraint(condition=models.Q(rate_fils__gt=0) | models.Q(flat_fils__gt=0), name="rulebook_board_fee_amount"),
            models.CheckConstraint(condition=models.Q(deposit_percent__lte=100), name="rulebook_board_fee_deposit"),
            models.CheckConstraint(
                condition=models.Q(board_class__in=BoardClass.values, medium__in=BoardMedium.values, period__in=BoardPeriod.values),
                name="rulebook_board_fee_choices",
            ),
        ]
        ordering = ["pk"]
        verbose_name = _("fee of boards")
        verbose_name_plural = _("fees of boards")

    def __str__(self) -> str:
        return f"{self.board_class} {self.medium}"
