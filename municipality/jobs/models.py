"""The transactional outbox: a job is a row, inserted in the transaction that needs it; a broker message only says that it is due."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    ON_HOLD = "on_hold", _("on hold")
    DONE = "done", _("done")
    DEAD = "dead", _("dead")


class Job(models.Model):
    kind = models.CharField(_("kind"), max_length=60)
    key = models.CharField(_("key"), max_length=120)
    queue = models.CharField(_("queue"), max_length=20)
    args = models.JSONField(_("arguments"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=JobState, default=JobState.QUEUED)
    due_at = models.DateTimeField(_("due at"))
    dispatched_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    lost_workers = models.PositiveSmallIntegerField(_("lost workers"), default=0)
    lease_owner = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("enqueued at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

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
        verbose_name = _("job")
        verbose_name_plural = _("jobs")

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Heartbeat(models.Model):
    """When a part (`worker`, `beat`) was last alive, or when periodic work on which pages depend last succeeded."""

    part = models.CharField(max_length=30, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.part
