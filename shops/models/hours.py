"""Opening hours in the database: each distinct week once, in columns with check constraints; and the hours of each shop."""

from __future__ import annotations

from itertools import pairwise

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from shops.models.week import DAY, Week

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
COLUMNS = ("opens", "closes", "opens_again", "closes_again")


def _constraints() -> list[models.BaseConstraint]:
    """For each day: complete spans in order, within 24 hours, and not beyond the next day's opening."""
    result: list[models.BaseConstraint] = []
    for day, tomorrow in pairwise((*DAYS, DAYS[0])):
        opens, closes, opens_again, closes_again = (f"{day}_{column}" for column in COLUMNS)
        has_first = Q(**{f"{opens}__isnull": False, f"{closes}__isnull": False})
        has_none = Q(**{f"{opens}__isnull": True, f"{closes}__isnull": True})
        has_second = Q(**{f"{opens_again}__isnull": False, f"{closes_again}__isnull": False})
        has_one = Q(**{f"{opens_again}__isnull": True, f"{closes_again}__isnull": True})
        times = Q(**{f"{opens}__lt": DAY, f"{closes}__gt": F(opens), f"{closes}__lte": F(opens) + DAY})
        times &= Q(**{f"{opens_again}__gt": F(closes), f"{opens_again}__lt": DAY})
        times &= Q(**{f"{closes_again}__gt": F(opens_again), f"{closes_again}__lte": F(opens) + DAY})
        night = Q(**{f"{tomorrow}_opens__gte": F(closes) - DAY}) & Q(**{f"{tomorrow}_opens__gte": F(closes_again) - DAY})
        result += [
            models.CheckConstraint(condition=(has_one & (has_first | has_none)) | (has_first & has_second), name=f"shops_{day}_whole"),
            models.CheckConstraint(condition=times, name=f"shops_{day}_times"),
            models.CheckConstraint(condition=night, name=f"shops_{day}_night"),
        ]
    return result


class HoursWeek(models.Model):
    """One week of opening hours. Immutable; shops with the same hours share it.

    The primary key is its text (`Week.text`). Four columns a day (`sun_opens` …) are quarters of an hour as in `week.Week`.
    """

    text = models.CharField(max_length=200, primary_key=True)

    class Meta:
        verbose_name = _("table of opening hours")
        verbose_name_plural = _("tables of opening hours")
        constraints = _constraints()

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, week: Week) -> HoursWeek:
        """The unsaved row of a week."""
        return cls(text=week.text, **columns_of(week))


for _day in DAYS:
    for _column in COLUMNS:
        HoursWeek.add_to_class(f"{_day}_{_column}", models.PositiveSmallIntegerField(null=True))


def columns_of(week: Week) -> dict[str, int | None]:
    """The values of the columns of a week."""
    result: dict[str, int | None] = {}
    for name, day in zip(DAYS, week.days, strict=True):
        times = [time for span in day for time in span]
        result |= {f"{name}_{column}": times[n] if n < len(times) else None for n, column in enumerate(COLUMNS)}
    return result


class StatedHours(models.Model):
    """The current opening hours of a shop, as its holder states them. Earlier ones are in RegisterChange."""

    shop = models.OneToOneField("shops.Shop", models.PROTECT, primary_key=True, related_name="hours", verbose_name=_("shop"))
    week = models.ForeignKey(HoursWeek, models.PROTECT, related_name="+", db_index=False, verbose_name=_("opening hours"))
    ramadan = models.ForeignKey(
        HoursWeek, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("opening hours in Ramadan")
    )
    stated_at = models.DateTimeField(_("stated at"))

    class Meta:
        verbose_name = _("opening hours of a shop")
        verbose_name_plural = _("opening hours of shops")

    def __str__(self) -> str:
        return f"{self.shop_id} {self.week_id}"
