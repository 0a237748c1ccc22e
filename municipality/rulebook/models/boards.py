"""Rows of the fees of advertisement boards, and of the rules that they are checked by."""

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


def _only(kind: str, column: str) -> models.Q:
    """A row of a kind, in which one column of those that limit or ban is filled in."""
    figures, codes = ("most_cm", "least_cm", "most_permille"), ("land_class", "subject")
    found = models.Q(kind=kind)
    for name in figures:
        # A comparison with NULL is no refusal, so that a figure has to be there.
        found &= models.Q(**{f"{name}__isnull": name != column}, **({f"{name}__gt": 0} if name == column else {}))
    for name in codes:
        found &= ~models.Q(**{name: ""}) if name == column else models.Q(**{name: ""})
    return found


class BoardSubject(models.TextChoices):
    """What a board advertises."""

    SHOP = "shop", _("Name and activity of the shop")
    GOODS = "goods", _("Goods, services or a brand")
    TOBACCO = "tobacco", _("Tobacco")
    MEDICAL = "medical", _("A medicine or a medical operation")
    OTHER = "other", _("Something else")


class BoardRuleKind(models.TextChoices):
    HEIGHT = "height", _("Height of a free-standing board with its base")
    DISTANCE = "distance", _("Distance to the next free-standing board")
    SHARE = "share", _("Width as a share of the shop front")
    PROJECTION = "projection", _("Projection from the wall")
    LAND = "land", _("Land use of the place")
    SUBJECT = "subject", _("What the board advertises")


class BoardLimitRule(models.Model):
    """A limit of boards, or what is banned, from its first to its last day; without days as long as its edition.

    An empty class or medium means all of them; `is_standing` rules are about boards that stand on the ground on a base of their own.
    `most_cm` is the height of the upper edge above the ground or the projection from the wall, `least_cm` the distance to the next board,
    `most_permille` the width of the board to that of the shop front; `land_class` is a code of `LandClassRule`. A ban that is lifted by
    approval needs its number.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="board_limits")
    kind = models.CharField(_("kind"), max_length=10, choices=BoardRuleKind)
    board_class = models.CharField(_("class"), max_length=20, choices=BoardClass, blank=True)
    medium = models.CharField(_("medium"), max_length=20, choices=BoardMedium, blank=True)
    is_standing = models.BooleanField(_("free-standing boards only"), default=False)
    most_cm = models.PositiveIntegerField(_("at most, in centimetres"), null=True, blank=True)
    least_cm = models.PositiveIntegerField(_("at least, in centimetres"), null=True, blank=True)
    most_permille = models.PositiveIntegerField(_("at most, per mille"), null=True, blank=True)
    land_class = models.CharField(_("banned on this class of land use"), max_length=30, blank=True)
    subject = models.CharField(_("banned subject"), max_length=10, choices=BoardSubject, blank=True)
    is_lifted_by_approval = models.BooleanField(_("allowed with an official approval"), default=False)
    first_day = models.DateField(_("from"), null=True, blank=True)
    last_day = models.DateField(_("to"), null=True, blank=True)
    article_ar = models.CharField(_("article in Arabic"), max_length=200)
    article_en = models.CharField(_("article in English"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ruleset", "kind", "board_class", "medium", "is_standing", "land_class", "subject"],
                name="rulebook_board_limit_once",
            ),
            models.CheckConstraint(condition=~models.Q(article_ar="") & ~models.Q(article_en=""), name="rulebook_board_limit_has_article"),
            models.CheckConstraint(
                condition=models.Q(first_day__isnull=True)
                | models.Q(last_day__isnull=True)
                | models.Q(last_day__gte=models.F("first_day")),
                name="rulebook_board_limit_period",
            ),
            models.CheckConstraint(
                condition=models.Q(board_class__in=["", *BoardClass.values], medium__in=["", *BoardMedium.values])
                & models.Q(subject__in=["", *BoardSubject.values]),
                name="rulebook_board_limit_choices",
            ),
            # The kind has its own figure or code, and no other.
            models.CheckConstraint(
                condition=_only("height", "most_cm")
                | _only("distance", "least_cm")
                | _only("share", "most_permille")
                | _only("projection", "most_cm")
                | _only("land", "land_class")
                | _only("subject", "subject"),
                name="rulebook_board_limit_figure",
                violation_error_message=_("Fill in what the kind of rule needs, a figure above zero or a code, and nothing else."),
            ),
        ]
        ordering = ["pk"]
        verbose_name = _("rule of boards")
        verbose_name_plural = _("rules of boards")

    def __str__(self) -> str:
        return " ".join(filter(None, [self.kind, self.board_class, self.medium, self.land_class, self.subject]))
