"""Incidents, the last check of each part, and the deadlines that moved."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock


class PortalPart(models.TextChoices):
    """What people use; an incident is of one of them."""

    PORTAL = "portal", _("The portal")
    SIGN_IN = "sign_in", _("Signing in with Kuwait Mobile ID")
    PAYMENT = "payment", _("Payment")
    TEXTS = "texts", _("Text messages")
    DOCUMENTS = "documents", _("Licences and other documents")


RELIEVING = (PortalPart.PORTAL, PortalPart.SIGN_IN, PortalPart.PAYMENT)  # without these a person cannot act in time


class Cause(models.TextChoices):
    CHECKS = "checks", _("It failed several checks")
    GAP = "gap", _("No check could run")


class PartCheck(models.Model):
    """The last check of a part; `failures` counts those in a row, from `failing_since`."""

    part = models.CharField(max_length=10, choices=PortalPart, primary_key=True)
    checked_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.part


class Incident(models.Model):
    """A time in which a part did not work; without `ended_at` it still does not.

    `relieved_at`: the deadlines of people have moved. `withheld_at`: staff found that it was none, so that nothing moves.
    """

    part = models.CharField(_("part"), max_length=10, choices=PortalPart)
    cause = models.CharField(_("found by"), max_length=10, choices=Cause, default=Cause.CHECKS)
    started_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("to"), null=True, blank=True)
    relieved_at = models.DateTimeField(_("deadlines moved at"), null=True, blank=True)
    withheld_at = models.DateTimeField(_("found to be none at"), null=True, blank=True)
    withheld_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("found to be none by")
    )
    withheld_reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [
            models.UniqueConstraint(fields=["part"], condition=models.Q(ended_at__isnull=True), name="incidents_one_open"),
            models.CheckConstraint(
                condition=models.Q(part__in=PortalPart.values, cause__in=Cause.values),
                name="incidents_incident_choices",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("started_at")), name="incidents_incident_period"
            ),
            models.CheckConstraint(
                condition=models.Q(withheld_at__isnull=True, withheld_by__isnull=True, withheld_reason="")
                | (models.Q(withheld_at__isnull=False, withheld_by__isnull=False) & ~models.Q(withheld_reason="")),
                name="incidents_withheld_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(relieved_at__isnull=True) | models.Q(ended_at__isnull=False, withheld_at__isnull=True),
                name="incidents_relieved_after_end",
            ),
        ]
        indexes = [models.Index(fields=["-started_at"], name="incidents_newest")]

    def __str__(self) -> str:
        return f"{self.get_part_display()} {self.pk}"

    @property
    def key(self) -> str:
        return f"incident:{self.pk}"

    @property
    def length(self) -> dt.timedelta:
        """How long it lasted, or lasts until now."""
        return (self.ended_at or clock.now()) - self.started_at

    @property
    def minutes(self) -> int:
        """The same in whole minutes."""
        return int(self.length.total_seconds() // 60)


class MovedDeadline(models.Model):
    """One deadline of a person that moved because of an incident.

    `kind` is a name of `registry.DEADLINES`, `thing` the primary key of its row. `subject` is the key of what it is about, `reference`
    what people know it by.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="moved_deadlines")
    kind = models.CharField(_("deadline"), max_length=40)
    thing = models.PositiveBigIntegerField()
    subject = models.CharField(_("subject"), max_length=80)
    reference = models.CharField(_("reference"), max_length=40)
    before = models.DateField(_("last day before"))
    after = models.DateField(_("last day now"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("moved deadline")
        verbose_name_plural = _("moved deadlines")
        constraints = [
            models.UniqueConstraint(fields=["incident", "kind", "thing"], name="incidents_moved_once"),
            models.CheckConstraint(condition=models.Q(after__gt=models.F("before")), name="incidents_moved_later"),
        ]
        indexes = [
            models.Index(fields=["kind", "thing"], name="incidents_moved_thing"),
            models.Index(fields=["kind", "after"], name="incidents_moved_after"),
            models.Index(fields=["subject"], name="incidents_moved_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
