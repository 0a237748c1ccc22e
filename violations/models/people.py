"""Inspectors as judicial officers, and their teams."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from municipality.places.models import Branch


class Team(models.Model):
    """A team of inspectors of a branch. Women's teams inspect premises for women."""

    code = models.CharField("الرمز", max_length=10, primary_key=True)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name="الفرع")
    name_ar = models.CharField("الاسم", max_length=80)
    name_en = models.CharField("الاسم بالإنجليزية", max_length=80)
    is_womens = models.BooleanField("فريق نسائي", default=False)

    class Meta:
        verbose_name = "فريق تفتيش"
        verbose_name_plural = "فرق التفتيش"

    def __str__(self) -> str:
        return self.name_ar


class JudicialWarrant(models.Model):
    """The status of an employee as judicial officer, by a decision and for a period.

    `scope` lists prefixes of the codes of offences that the decision names (`SHP`, `CLN-02`).
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="inspector_spells", verbose_name="الموظف")
    team = models.ForeignKey(Team, models.PROTECT, related_name="inspectors", verbose_name="الفريق")
    badge_no = models.CharField("رقم البطاقة", max_length=12)
    decision_no = models.CharField("رقم قرار الضبطية القضائية", max_length=30)
    decision_on = models.DateField("تاريخ القرار")
    scope = models.JSONField("الاختصاص", default=list)
    first_day = models.DateField("من")
    last_day = models.DateField("إلى")

    class Meta:
        verbose_name = "مفتش"
        verbose_name_plural = "المفتشون"
        constraints = [
            models.UniqueConstraint(fields=["badge_no", "first_day"], name="violations_badge_once"),
            models.CheckConstraint(condition=models.Q(last_day__gte=models.F("first_day")), name="violations_warrant_period"),
            models.CheckConstraint(condition=~models.Q(decision_no=""), name="violations_warrant_has_decision"),
        ]
        indexes = [models.Index(fields=["user", "-last_day"], name="violations_spell_user")]

    def __str__(self) -> str:
        return self.badge_no
