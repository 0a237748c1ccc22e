"""Rows of calendars: holidays and working hours."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.rulebook.models.rulesets import RuleSet
from municipality.ui.names import name_of

# The days that a calendar may name, against typing errors in the year.
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
_OUT_OF_REACH = _("The day is outside what the calendar holds, from 2000 to 2099.")


class HolidayRule(models.Model):
    """Holidays. Those of the Hijri year are estimates until the Cabinet announces them."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="holidays")
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    source_ar = models.CharField(_("legal ground in Arabic"), max_length=200)
    source_en = models.CharField(_("legal ground in English"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")),
                name="rulebook_holiday_period",
                violation_error_message=_("A holiday does not end before it begins."),
            ),
            models.CheckConstraint(
                condition=models.Q(first_day__gte=EARLIEST, last_day__lte=LATEST),
                name="rulebook_holiday_in_reach",
                violation_error_message=_OUT_OF_REACH,
            ),
            models.CheckConstraint(condition=~models.Q(source_ar="") & ~models.Q(source_en=""), name="rulebook_holiday_has_source"),
        ]
        ordering = ["first_day", "pk"]
        verbose_name = _("public holiday")
        verbose_name_plural = _("public holidays")

    def __str__(self) -> str:
        return name_of(self)


class HoursRule(models.Model):
    """Working hours of some weekdays, in minutes of the day: the ordinary ones, or those of a period such as Ramadan."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="hours")
    weekdays = models.CharField(_("weekdays"), max_length=7)  # digits of ISO 8601: 1 is Monday, 7 is Sunday
    opens = models.PositiveSmallIntegerField(_("starts"))
    closes = models.PositiveSmallIntegerField(_("ends"))
    first_day = models.DateField(_("from"), null=True, blank=True)
    last_day = models.DateField(_("to"), null=True, blank=True)
    label_ar = models.CharField(_("label in Arabic"), max_length=120)
    label_en = models.CharField(_("label in English"), max_length=120)
    source_ar = models.CharField(_("legal ground in Arabic"), max_length=200)
    source_en = models.CharField(_("legal ground in English"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens"), closes__lt=24 * 60),
                name="rulebook_hours_in_a_day",
                violation_error_message=_("Working hours end after they begin and before midnight."),
            ),
            models.CheckConstraint(
                condition=models.Q(first_day__isnull=True, last_day__isnull=True)
                | models.Q(first_day__isnull=False, last_day__isnull=False, last_day__gte=models.F("first_day")),
                name="rulebook_hours_period",
                violation_error_message=_("A period has a first and a last day, ordinary working hours have neither."),
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
        verbose_name = _("set of working hours")
        verbose_name_plural = _("working hours")

    def __str__(self) -> str:
        return self.label_ar

    @property
    def times(self) -> str:
        """`07:00–14:00`."""
        return "–".join(f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (self.opens, self.closes))
