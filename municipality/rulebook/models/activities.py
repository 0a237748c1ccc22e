"""Activities of shops, and the authorities that license them."""

from __future__ import annotations

from django.db import models


class Authority(models.TextChoices):
    MUNICIPALITY = "municipality", "بلدية الكويت"
    PAFN = "pafn", "الهيئة العامة للغذاء والتغذية"
    OTHER = "other", "جهة أخرى"


class Activity(models.Model):
    code = models.CharField("الرمز", max_length=20, primary_key=True)
    name_ar = models.CharField("الاسم", max_length=120)
    name_en = models.CharField("الاسم بالإنجليزية", max_length=120)
    # Inspected by teams of women only.
    is_womens = models.BooleanField("نشاط نسائي", default=False)

    class Meta:
        verbose_name = "نشاط"
        verbose_name_plural = "الأنشطة"

    def __str__(self) -> str:
        return self.name_ar


class ActivityAuthority(models.Model):
    """The authority that licenses an activity in a period (food passed to PAFN on 15 July 2018)."""

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="authorities")
    authority = models.CharField("الجهة", max_length=20, choices=Authority)
    first_day = models.DateField("من")
    last_day = models.DateField("إلى", null=True, blank=True)
    source = models.CharField("السند", max_length=200)
    is_assumption = models.BooleanField("افتراض", default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["activity", "first_day"], name="rulebook_authority_once"),
            models.CheckConstraint(
                condition=models.Q(last_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")),
                name="rulebook_authority_period",
            ),
        ]
        verbose_name = "اختصاص"
        verbose_name_plural = "الاختصاصات"

    def __str__(self) -> str:
        return f"{self.activity_id}: {self.authority}"
