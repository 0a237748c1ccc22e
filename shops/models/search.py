"""The search index: the vocabulary, the numbers of shops, and one entry for each shop."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.places.models import Area
from shops.models.register import Shop


class SearchWord(models.Model):
    """A word of the vocabulary, folded and without its article; or a filter such as `g:HA`. `count` is an estimate, renewed daily."""

    word = models.CharField(max_length=80, unique=True)
    count = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.word


class SearchForm(models.Model):
    """Other forms of a word: `=…` its sound, `~…` with a letter left out."""

    form = models.CharField(max_length=81)
    word = models.ForeignKey(SearchWord, models.CASCADE, related_name="forms")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "word"], name="shops_form_once")]

    def __str__(self) -> str:
        return self.form


class SearchNumber(models.Model):
    """A number of a shop (licence, registration, PACI, health licence): capitals and digits only."""

    number = models.CharField(max_length=40)
    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["number", "shop"], name="shops_number_once")]

    def __str__(self) -> str:
        return self.number


class LicenceState(models.TextChoices):
    """The state of the health licence of a shop, as a filter."""

    NONE = "none", _("No health licence")
    ACTIVE = "active", _("Valid")
    ENDED = "ended", _("Ended")
    SUSPENDED = "suspended", _("Suspended")
    REVOKED = "revoked", _("Revoked")


class SearchEntry(models.Model):
    """The search entry of one shop; written in the transaction of the shop, rebuilt by `search_rebuild`.

    `words` are ids of the vocabulary in four parts separated by `|`: Arabic name, English name, former names, area and activity.
    PostgreSQL has them also as an array with a GIN index (`tokens`), SQLite in the FTS5 table `shops_searchtext`.
    """

    shop = models.OneToOneField(Shop, models.CASCADE, primary_key=True, related_name="+")
    name_ar = models.CharField(max_length=170)  # folded
    name_en = models.CharField(max_length=170, blank=True)  # folded
    words = models.TextField()
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    closed_on = models.DateField(null=True)
    suspended_on = models.DateField(null=True)
    licence = models.CharField(max_length=10, choices=LicenceState, default=LicenceState.NONE)
    licence_end = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["name_ar", "area"], name="shops_entry_ar"),
            models.Index(fields=["name_en"], name="shops_entry_en"),
            models.Index(fields=["licence_end"], condition=models.Q(licence="active"), name="shops_entry_ending"),
        ]

    def __str__(self) -> str:
        return self.name_ar
