"""Activities of shops, and the authorities that license them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.ui.names import name_of


class Authority(models.TextChoices):
    MUNICIPALITY = "municipality", _("Kuwait Municipality")
    PAFN = "pafn", _("Public Authority for Food and Nutrition")
    OTHER = "other", _("Another body")


class Activity(models.Model):
    code = models.CharField(_("code"), max_length=20, primary_key=True)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    # Inspected by teams of women only.
    is_womens = models.BooleanField(_("women’s activity"), default=False)

    class Meta:
        verbose_name = pgettext_lazy("model", "activity")
        verbose_name_plural = _("activities")

    def __str__(self) -> str:
        return name_of(self)


class ActivityAuthority(models.Model):
    """The authority that licenses an activity in a period (food passed to PAFN on 15 July 2018)."""

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="authorities")
    authority = models.CharField(_("authority"), max_length=20, choices=Authority)
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"), null=True, blank=True)
    source = models.CharField(_("legal ground"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["activity", "first_day"], name="rulebook_authority_once"),
            models.CheckConstraint(
                condition=models.Q(last_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")),
                name="rulebook_authority_period",
            ),
        ]
        verbose_name = _("competence")
        verbose_name_plural = _("competences")

    def __str__(self) -> str:
        return f"{self.activity_id}: {self.authority}"
