"""The transactional outbox: a job is a row, inserted in the transaction that needs it; a broker message only says that it is due."""

from __future__ import annotations

from django.db import models


class JobState(models.TextChoices):
    QUEUED = "queued", "بانتظار التنفيذ"
    RUNNING = "running", "قيد التنفيذ"
    ON_HOLD = "on_hold", "متوقفة لنقص"
    DONE = "done", "منجزة"
    DEAD = "dead", "متعثرة"


class Job(models.Model):
    kind = models.CharField("النوع", max_length=60)
    key = models.CharField("المفتاح", max_length=120)
    queue = models.CharField("الصف", max_length=20)
    args = models.JSONField("المعطيات", default=dict, blank=True)
    state = models.CharField("الحالة", max_length=10, choices=JobState, default=JobState.QUEUED)
    due_at = models.DateTimeField("الموعد")
    dispatched_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField("المحاولات", default=0)
    lost_workers = models.PositiveSmallIntegerField("انقطاعات العامل", default=0)
    lease_owner = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField("آخر خطأ", blank=True)
    created_at = models.DateTimeField("أنشئت في")
    finished_at = models.DateTimeField("انتهت في", null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="jobs_job_once"),
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="jobs_job_state"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state__in=["queued", "on_hold"]), name="jobs_job_due"),
            models.Index(fields=["lease_until"], condition=models.Q(state="running"), name="jobs_job_leased"),
            models.Index(fields=["state", "-id"], name="jobs_job_state_newest"),
        ]
        verbose_name = "مهمة"
        verbose_name_plural = "المهام"

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Heartbeat(models.Model):
    """When a part (`worker`, `beat`) was last alive, or when periodic work on which pages depend last succeeded."""

    part = models.CharField(max_length=30, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.part
