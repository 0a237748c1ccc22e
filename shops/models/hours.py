"""Opening hours in the database: each different week once, in columns that the database can judge; and who of the shops keeps which."""

from __future__ import annotations

from itertools import pairwise

from django.db import models
from django.db.models import F, Q

from shops.models.week import DAY, Week

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
COLUMNS = ("opens", "closes", "opens_again", "closes_again")


def _constraints() -> list[models.BaseConstraint]:
    """For each day: whole spans, the second behind the first, none beyond a day; and no night that reaches into the next opening."""
    found: list[models.BaseConstraint] = []
    for day, tomorrow in pairwise((*DAYS, DAYS[0])):
        opens, closes, again, closes_again = (f"{day}_{column}" for column in COLUMNS)
        has_first = Q(**{f"{opens}__isnull": False, f"{closes}__isnull": False})
        has_none = Q(**{f"{opens}__isnull": True, f"{closes}__isnull": True})
        has_second = Q(**{f"{again}__isnull": False, f"{closes_again}__isnull": False})
        has_one = Q(**{f"{again}__isnull": True, f"{closes_again}__isnull": True})
        times = Q(**{f"{opens}__lt": DAY, f"{closes}__gt": F(opens), f"{closes}__lte": F(opens) + DAY})
        times &= Q(**{f"{again}__gt": F(closes), f"{again}__lt": DAY})
        times &= Q(**{f"{closes_again}__gt": F(again), f"{closes_again}__lte": F(opens) + DAY})
        night = Q(**{f"{tomorrow}_opens__gte": F(closes) - DAY}) & Q(**{f"{tomorrow}_opens__gte": F(closes_again) - DAY})
        found += [
            models.CheckConstraint(condition=(has_one & (has_first | has_none)) | (has_first & has_second), name=f"shops_{day}_whole"),
            models.CheckConstraint(condition=times, name=f"shops_{day}_times"),
            models.CheckConstraint(condition=night, name=f"shops_{day}_night"),
        ]
    return found


class HoursWeek(models.Model):
    """One week of opening hours; shops with the same hours share it, and it never changes.

    The key is its text (`Week.text`). Beside it stand four columns a day (`sun_opens` …), quarters of an hour as in `week.Week`.
    """

    text = models.CharField(max_length=200, primary_key=True)

    class Meta:
        verbose_name = "جدول أوقات العمل"
        verbose_name_plural = "جداول أوقات العمل"
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
    """The columns of a week."""
    found: dict[str, int | None] = {}
    for name, day in zip(DAYS, week.days, strict=True):
        times = [time for span in day for time in span]
        found |= {f"{name}_{column}": times[n] if n < len(times) else None for n, column in enumerate(COLUMNS)}
    return found


class StatedHours(models.Model):
    """The hours that the holder of a shop states; a shop without a row has stated none. What was stated before is in its changes."""

    shop = models.OneToOneField("shops.Shop", models.PROTECT, primary_key=True, related_name="hours", verbose_name="المحل")
    week = models.ForeignKey(HoursWeek, models.PROTECT, related_name="+", db_index=False, verbose_name="أوقات العمل")
    ramadan = models.ForeignKey(HoursWeek, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name="أوقات العمل في رمضان")
    stated_at = models.DateTimeField("ذُكرت في")

    class Meta:
        verbose_name = "أوقات عمل محل"
        verbose_name_plural = "أوقات عمل المحلات"

    def __str__(self) -> str:
        return f"{self.shop_id} {self.week_id}"
