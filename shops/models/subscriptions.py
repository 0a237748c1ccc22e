"""Follows and the digests that were sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.places.models import Area


class Follow(models.Model):
    """A person follows a shop, an area, or a block of it. Deleted when they unfollow; never in the audit log."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    shop = models.ForeignKey("shops.Shop", models.CASCADE, related_name="+", null=True)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", null=True)
    block = models.CharField(max_length=10, blank=True)
    told = models.BigIntegerField()  # number of the last published change that the person was notified of, or of the last one at the start
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(shop__isnull=False, area__isnull=True, block="") | models.Q(shop__isnull=True, area__isnull=False),
                name="shops_follow_one_thing",
            ),
            models.UniqueConstraint(fields=["person", "shop"], condition=models.Q(shop__isnull=False), name="shops_follow_shop_once"),
            models.UniqueConstraint(
                fields=["person", "area", "block"], condition=models.Q(area__isnull=False), name="shops_follow_block_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id or self.area_id} {self.block}".strip()


class Digest(models.Model):
    """The digest of a person and day, with its number of changes. The primary key prevents a second one."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    day = models.DateField()
    upto = models.BigIntegerField()
    changes = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        constraints = [models.UniqueConstraint(fields=["person", "day"], name="shops_digest_once_a_day")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.day}"
