"""The append-only audit log: events, the chain that numbers them, and the access log."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class StateEvent(models.Model):
    """One move of a row. Abstract: each stateful model has its own insert-only table of events."""

    workflow = models.CharField(max_length=60)
    move = models.CharField(max_length=40)
    from_state = models.CharField(max_length=40)
    to_state = models.CharField(max_length=40)
    at = models.DateTimeField(_("at"))
    actor_key = models.CharField(max_length=60)
    actor_role = models.CharField(max_length=20)
    reason = models.CharField(max_length=60, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.workflow}: {self.from_state} → {self.to_state}"


class Edge(models.Model):
    """A declared edge of a workflow; guards refuse any other move. Written after each migration."""

    workflow = models.CharField(max_length=60)
    move = models.CharField(max_length=40, blank=True)
    from_state = models.CharField(max_length=40, blank=True)
    to_state = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "move", "from_state", "to_state"], name="audit_edge_once"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow}: {self.from_state} → {self.to_state}"


class AuditEvent(models.Model):
    """One audited act, as codes and opaque ids. Inserted in the transaction of the act, so that neither exists without the other."""

    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    actor_key = models.CharField(max_length=60)
    actor_role = models.CharField(max_length=20)
    data = models.JSONField(default=dict, blank=True)
    commitment = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["subject", "id"], name="audit_event_subject")]
        verbose_name = pgettext_lazy("model", "action")
        verbose_name_plural = _("log of actions")

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class ActText(models.Model):
    """The text behind a commitment. It can be erased without breaking the chain."""

    act = models.OneToOneField(AuditEvent, models.DO_NOTHING, db_constraint=False, related_name="+")
    salt = models.CharField(max_length=32)
    text = models.TextField()

    def __str__(self) -> str:
        return f"text of act {self.act_id}"


class Link(models.Model):
    """The number and chained hash of one event, assigned by `services.sequence` within about a second."""

    number = models.BigIntegerField(primary_key=True)
    act = models.OneToOneField(AuditEvent, models.PROTECT, related_name="link")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:12]}"


class AccessLogEntry(models.Model):
    """One access of staff to a person's data: who, from which branch, whose, what, why. The person can read it."""

    at = models.DateTimeField()
    viewer_key = models.CharField(max_length=60)
    viewer_role = models.CharField(max_length=20)
    viewer_branch = models.CharField(max_length=2, blank=True, default="", db_default="")  # its code at the time; empty without one
    person_key = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    purpose = models.CharField(max_length=40)

    class Meta:
        indexes = [models.Index(fields=["person_key", "-id"], name="audit_access_person")]
        verbose_name = _("look at data")
        verbose_name_plural = _("access log")

    def __str__(self) -> str:
        return f"{self.viewer_key} → {self.subject}"
