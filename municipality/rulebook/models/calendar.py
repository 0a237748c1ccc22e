"""Rows of calendars: holidays and working hours."""

from __future__ import annotations

import datetime as dt

from django.db import models

from municipality.rulebook.models.rulesets import RuleSet

# The days that a calendar may name, against typing errors in the year.
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
_OUT_OF_REACH = "اليوم خارج ما يسعه التقويم، من عام 2000 إلى عام 2099."


class HolidayRule(models.Model):
    """Holidays. Those of the Hijri year are estimates until the Cabinet announces them."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="holidays")
    first_day = models.DateField("من")
    last_day = models.DateField("إلى")
    name_ar = models.CharField("الاسم", max_length=120)
    name_en = models.CharField("الاسم بالإنجليزية", max_length=120)
    source_ar = models.CharField("السند", max_length=200)
    source_en = models.CharField("السند بالإنجليزية", max_length=200)
    is_assumption = models.BooleanField("افتراض", default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")),
                name="rulebook_holiday_period",
                violation_error_message="لا تنتهي العطلة قبل أن تبدأ.",
            ),
            models.CheckConstraint(
                condition=models.Q(first_day__gte=EARLIEST, last_day__lte=LATEST),
                name="rulebook_holiday_in_reach",
                violation_error_message=_OUT_OF_REACH,
            ),
            models.CheckConstraint(condition=~models.Q(source_ar="") & ~models.Q(source_en=""), name="rulebook_holiday_has_source"),
        ]
        ordering = ["first_day", "pk"]
        verbose_name = "عطلة رسمية"
        verbose_name_plural = "العطل الرسمية"

    def __str__(self) -> str:
        return self.name_ar


class HoursRule(models.Model):
    """Working hours of some weekdays, in minutes of the day: the ordinary ones, or those of a period such as Ramadan."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="hours")
    weekdays = models.CharField("أيام الأسبوع", max_length=7)  # digits of ISO 8601: 1 is Monday, 7 is Sunday
    opens = models.PositiveSmallIntegerField("يبدأ")
    closes = models.PositiveSmallIntegerField("ينتهي")
    first_day = models.DateField("من", null=True, blank=True)
    last_day = models.DateField("إلى", null=True, blank=True)
    label_ar = models.CharField("البيان", max_length=120)
    label_en = models.CharField("البيان بالإنجليزية", max_length=120)
    source_ar = models.CharField("السند", max_length=200)
    source_en = models.CharField("السند بالإنجليزية", max_length=200)
    is_assumption = models.BooleanField("افتراض", default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens"), closes__lt=24 * 60),
                name="rulebook_hours_in_a_day",
                violation_error_message="ينتهي الدوام بعد أن يبدأ وقبل منتصف الليل.",
            ),
            models.CheckConstraint(
                condition=models.Q(first_day__isnull=True, last_day__isnull=True)
                | models.Q(first_day__isnull=False, last_day__isnull=False, last_day__gte=models.F("first_day")),
                name="rulebook_hours_period",
                violation_error_message="للفترة أول يوم وآخر يوم، وللدوام المعتاد لا هذا ولا ذاك.",
            ),
            models.CheckConstraint(
                condition=models.Q(first_day__isnull=True) | models.Q(first_day__gte=EARLIEST, last_day__lte=LATEST),
                name="rulebook_hours_in_reach",
                violation_error_message=_OUT_OF_REACH,
            ),
            models.CheckConstraint(condition=~models.Q(weekdays=""), name="rulebook_hours_have_weekdays"),
            models.CheckConstraint(condition=~models.Q(source_ar="") & ~models.Q(source_en=""), name="rulebook_hours_have_source"),
        ]
        ordering = ["first_day", "opens", "pk"]
        verbose_name = "أوقات دوام"
        verbose_name_plural = "أوقات الدوام"

    def __str__(self) -> str:
        return self.label_ar

    @property
    def times(self) -> str:
        """`07:00–14:00`."""
        return "–".join(f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (self.opens, self.closes))
