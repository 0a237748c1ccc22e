"""Governorates, areas, branches. Areas come from `data/areas.csv`; the authoritative list is PACI's."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.ui.names import name_of


class Governorate(models.Model):
    code = models.CharField(max_length=2, primary_key=True)
    iso = models.CharField(max_length=5, unique=True)  # ISO 3166-2
    name_ar = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)

    class Meta:
        verbose_name = _("governorate")
        verbose_name_plural = _("governorates")

    def __str__(self) -> str:
        return name_of(self)


class Branch(models.Model):
    """The municipal branch of a governorate, to which its cases are assigned."""

    code = models.CharField(max_length=2, primary_key=True)
    governorate = models.OneToOneField(Governorate, models.PROTECT, related_name="branch")
    name_ar = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("municipal branch")
        verbose_name_plural = _("municipal branches")

    def __str__(self) -> str:
        return name_of(self)


class Area(models.Model):
    governorate = models.ForeignKey(Governorate, models.PROTECT, related_name="areas")
    name_ar = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    folded = models.CharField(max_length=80)
    latitude = models.FloatField(null=True, blank=True)  # WGS 84
    longitude = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["governorate", "name_ar"], name="places_area_once")]
        verbose_name = pgettext_lazy("model", "area")
        verbose_name_plural = _("areas")

    def __str__(self) -> str:
        return name_of(self)
