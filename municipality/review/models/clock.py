"""The promise of a case in working time, and what happens when it runs out."""

from __future__ import annotations

from django.db import models

from municipality.cases.models import Case


class Clock(models.Model):
    """Working time promised and used. It stands still only while the applicant is waited for.

    Times of the row are worked out from `started_at`, the events and the calendar in force; a new edition of the calendar
    moves them (`review.services.clock`).
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="clock", verbose_name="الطلب")
    started_at = models.DateTimeField("بدأ في")
    promised_days = models.PositiveSmallIntegerField("أيام العمل الموعودة")  # as the rulebook had it when the clock started
    steps = models.JSONField(default=list)  # percentages of the promise at which the case moves up, lowest first
    promised_minutes = models.PositiveIntegerField("الدقائق الموعودة")  # working minutes
    paused_at = models.DateTimeField("متوقف منذ", null=True, blank=True)
    paused_minutes = models.PositiveIntegerField("دقائق التوقف", default=0)  # working minutes of ended pauses
    due_at = models.DateTimeField("الموعد", null=True, blank=True)  # none while paused
    level = models.PositiveSmallIntegerField("مستوى التصعيد", default=0)
    next_level_at = models.DateTimeField("التصعيد التالي", null=True, blank=True)
    stopped_at = models.DateTimeField("انتهى في", null=True, blank=True)
    calendar = models.CharField(max_length=60, blank=True)  # stamp of the edition it was worked out with

    class Meta:
        verbose_name = "ساعة"
        verbose_name_plural = "الساعات"
        constraints = [models.CheckConstraint(condition=models.Q(level__lte=3), name="review_clock_three_levels")]
        indexes = [
            models.Index(fields=["next_level_at"], condition=models.Q(stopped_at__isnull=True), name="review_clock_next"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.due_at}"


class Escalation(models.Model):
    """A case moved up by itself; the applicant is told, and the supervisor, the branch head or the sector above sees it."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="escalations", verbose_name="الطلب")
    level = models.PositiveSmallIntegerField("المستوى")
    at = models.DateTimeField("في")
    used_percent = models.PositiveIntegerField("نسبة المستنفد")

    class Meta:
        verbose_name = "تصعيد"
        verbose_name_plural = "التصعيد"
        constraints = [
            models.UniqueConstraint(fields=["case", "level"], name="review_escalation_once"),
            models.CheckConstraint(condition=models.Q(level__gte=1, level__lte=3), name="review_escalation_level"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.level}"
