"""Clocks of promised processing times, and escalations."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case


class Clock(models.Model):
    """The promised and used working time of a case, paused while it waits for the applicant.

    The times are computed from `started_at`, the events and the calendar (`review.services.case_clock`).
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="clock", verbose_name=_("request"))
    started_at = models.DateTimeField(_("started at"))
    promised_days = models.PositiveSmallIntegerField(_("promised working days"))  # of the edition in force at the start
    steps = models.JSONField(default=list)  # shares of the promise, in per cent, at which the case is escalated, ascending
    promised_minutes = models.PositiveIntegerField(_("promised minutes"))  # working minutes
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    paused_minutes = models.PositiveIntegerField(_("minutes paused"), default=0)  # working minutes of ended pauses
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)  # none while paused
    level = models.PositiveSmallIntegerField(_("level of escalation"), default=0)
    next_level_at = models.DateTimeField(_("next escalation"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("ended on"), null=True, blank=True)
    calendar = models.CharField(max_length=60, blank=True)  # stamp of the edition for which the times were computed

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [models.CheckConstraint(condition=models.Q(level__lte=3), name="review_clock_three_levels")]
        indexes = [
            models.Index(fields=["next_level_at"], condition=models.Q(stopped_at__isnull=True), name="review_clock_next"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.due_at}"


class Escalation(models.Model):
    """An escalation of a case that took too long: to the supervisors of the branch, from level 2 also to the auditors."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="escalations", verbose_name=_("request"))
    level = models.PositiveSmallIntegerField(_("level"))
    at = models.DateTimeField(_("at"))
    used_percent = models.PositiveIntegerField(_("percentage used up"))

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        constraints = [
            models.UniqueConstraint(fields=["case", "level"], name="review_escalation_once"),
            models.CheckConstraint(condition=models.Q(level__gte=1, level__lte=3), name="review_escalation_level"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.level}"
