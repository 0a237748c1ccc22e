"""What the public map is drawn from, and who gets a weekly message about an area."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.places.models import Area


class Standing(models.TextChoices):
    """How everybody sees a report: its promise may have passed while it is open."""

    OPEN = "open", _("Open, in time")
    OVERDUE = "overdue", _("Open, overdue")
    CLOSED = "closed", pgettext_lazy("report", "Closed")


class MapCount(models.Model):
    """Reports of the last months in a square of the map, or in an area (level 0), counted by a job that writes the table anew.

    `north` and `east` number the square from 0° in steps of its level; `latitude` and `longitude` are the blurred mean, WGS 84.
    """

    level = models.PositiveSmallIntegerField()
    north = models.IntegerField(default=0)
    east = models.IntegerField(default=0)
    area = models.ForeignKey(Area, models.CASCADE, null=True, related_name="+")
    category = models.CharField(max_length=20)
    standing = models.CharField(max_length=10, choices=Standing)
    count = models.PositiveIntegerField()
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name = _("count of the map of reports")
        verbose_name_plural = _("counts of the map of reports")
        indexes = [models.Index(fields=["level", "north", "east"], name="reports_map_square")]

    def __str__(self) -> str:
        return f"{self.level}/{self.north}/{self.east}: {self.count}"


class AreaFollow(models.Model):
    """A person hears once a week what was reported in an area. Deleted when they end it; never in the audit log."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    area = models.ForeignKey(Area, models.PROTECT, related_name="+")
    since = models.DateTimeField()
    told_at = models.DateTimeField()  # of the last weekly message, or of the beginning

    class Meta:
        verbose_name = _("subscription to the reports of an area")
        verbose_name_plural = _("subscriptions to the reports of areas")
        constraints = [models.UniqueConstraint(fields=["person", "area"], name="reports_area_follow_once")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.area_id}"
