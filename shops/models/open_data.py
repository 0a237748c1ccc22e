"""Published data of the register: numbered changes, the last published state, and the editions of the files."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.places.models import Area

# Types of changes besides the events of a shop.
LICENCE_CHANGED, UPDATED, ADDED = "licence_changed", "updated", "added"
OTHER_TYPES: dict[str, Any] = {
    LICENCE_CHANGED: _("Health licence changed"),
    UPDATED: _("Facts corrected or stated anew"),
    ADDED: _("Taken into the register"),
}


class Pending(models.Model):
    """A shop that may have changed, or an event of it, without a number yet. Written in the transaction of the change."""

    shop = models.ForeignKey("shops.Shop", models.CASCADE, related_name="+")
    event = models.OneToOneField("shops.ShopEvent", models.CASCADE, related_name="+", null=True)

    class Meta:
        verbose_name = _("unpublished change")
        verbose_name_plural = _("unpublished changes")

    def __str__(self) -> str:
        return str(self.shop_id)


class Published(models.Model):
    """The last published state of a shop: a hash of its row, and its health licence."""

    shop = models.OneToOneField("shops.Shop", models.CASCADE, primary_key=True, related_name="+")
    digest = models.CharField(max_length=32)
    licence = models.CharField(max_length=24)

    class Meta:
        verbose_name = _("published shop")
        verbose_name_plural = _("published shops")

    def __str__(self) -> str:
        return str(self.shop_id)


class Change(models.Model):
    """One published change. Insert only; numbered without gaps in the order of publication.

    `row` has the published fields of the shop by the names of `table.FIELDS`; a few of them and `gone` for a shop that was merged
    into another one.
    """

    number = models.BigIntegerField(primary_key=True)
    shop = models.ForeignKey("shops.Shop", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    on = models.DateField()
    at = models.DateTimeField()
    data = models.JSONField(default=dict, blank=True)
    row = models.JSONField()
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False)
    block = models.CharField(max_length=10)

    class Meta:
        verbose_name = _("published change")
        verbose_name_plural = _("published changes")
        indexes = [
            models.Index(fields=["shop", "-number"], name="shops_published_of_shop"),
            models.Index(fields=["area", "block", "-number"], name="shops_published_of_block"),
            models.Index(fields=["area", "-number"], name="shops_published_of_area"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class Edition(models.Model):
    """The files of a dataset of one night. Written when all files are stored."""

    dataset = models.CharField(max_length=20, default="shops")  # key of the dataset
    as_of = models.DateTimeField()
    cursor = models.BigIntegerField(null=True)  # the number of the last change in the files; null for a dataset without a feed
    rows = models.PositiveIntegerField()
    folder = models.CharField(max_length=60, unique=True)
    files = models.JSONField()  # [{name, format, is_compressed, bytes, sha256}]
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("edition of the open data")
        verbose_name_plural = _("editions of the open data")
        indexes = [models.Index(fields=["dataset", "-id"], name="shops_edition_newest")]

    def __str__(self) -> str:
        return self.folder
