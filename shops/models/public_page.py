"""Corrections that the public requests, and replies of a shop's holder to findings. The case has their state."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.cases.models import Case
from shops.models.register import Shop

WHY_LENGTH = REPLY_LENGTH = 600  # characters


class PageFact(models.TextChoices):
    """The facts of a shop that may be corrected. Owner and commercial licence come from their own registers."""

    TRADE_NAME = "trade_name", _("Trade name")
    ACTIVITY = "activity", _("Activity")
    ADDRESS = "address", _("Address")
    CLOSED = "closed", _("The shop has closed")


class Correction(models.Model):
    """A request to correct one fact: what the page said, the right value, and why. Insert only."""

    case = models.OneToOneField(Case, models.PROTECT, related_name="+", verbose_name=_("request"))
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="corrections", verbose_name=_("shop"))
    fact = models.CharField(_("fact"), max_length=20, choices=PageFact)
    before = models.JSONField(_("on the page"), default=dict)
    proposed = models.JSONField(_("correct value"), default=dict)
    why = models.CharField(_("reason"), max_length=WHY_LENGTH)

    class Meta:
        verbose_name = _("request for correction")
        verbose_name_plural = _("requests for correction")
        constraints = [
            models.CheckConstraint(condition=models.Q(fact__in=PageFact.values), name="shops_correction_fact"),
            models.CheckConstraint(condition=~models.Q(why=""), name="shops_correction_has_why"),
        ]
        indexes = [models.Index(fields=["shop", "-id"], name="shops_correction_newest")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.fact}"


class Reply(models.Model):
    """A reply of the holder of a shop to a finding. Staff publish or refuse it, never change it."""

    case = models.OneToOneField(Case, models.PROTECT, related_name="+", verbose_name=_("request"))
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="replies", verbose_name=_("shop"))
    finding = models.CharField(_("violation"), max_length=80)  # subject key, such as violation:…
    text = models.CharField(_("reply"), max_length=REPLY_LENGTH)
    published_at = models.DateTimeField(_("published on"), null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "reply")
        verbose_name_plural = _("replies")
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="shops_reply_has_text"),
            models.UniqueConstraint(fields=["finding"], condition=models.Q(published_at__isnull=False), name="shops_reply_once"),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.finding}"
