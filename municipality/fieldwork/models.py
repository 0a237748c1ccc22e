"""Visits and their evidence as devices send them; insert-only (`guards`).

The result of a visit is a row of the service, which refers to it.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.uploads.models import Upload

# Both coordinates and in Kuwait, or neither. NULL is tested explicitly: a check constraint passes when a comparison gives NULL.
IN_KUWAIT = Q(latitude__isnull=True, longitude__isnull=True) | Q(
    latitude__isnull=False, latitude__gte=28, latitude__lte=31, longitude__isnull=False, longitude__gte=46, longitude__lte=49
)


class Visit(models.Model):
    """One visit as its device sent it. `key`, made on the device, is the idempotency key."""

    key = models.CharField(max_length=36, unique=True)  # a UUID
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("sender"))
    started_at = models.DateTimeField(_("time of the visit"))  # by the clock of the device
    received_at = models.DateTimeField(_("received at"))
    latitude = models.FloatField(_("latitude"), null=True, blank=True)  # WGS 84
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    accuracy_m = models.PositiveIntegerField(_("accuracy of the location in metres"), null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "visit")
        verbose_name_plural = _("visits")
        constraints = [models.CheckConstraint(condition=IN_KUWAIT, name="fieldwork_visit_in_kuwait")]

    def __str__(self) -> str:
        return self.key


class Evidence(models.Model):
    """A photo of a visit. `kind` is a code of the service, `captured_at` the time of the device, `received_at` the portal's."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="evidence", verbose_name=_("visit"))
    kind = models.CharField(_("kind"), max_length=12)
    upload = models.OneToOneField(Upload, models.PROTECT, related_name="+", verbose_name=_("file"))
    captured_at = models.DateTimeField(_("time of the photo"), null=True, blank=True)
    received_at = models.DateTimeField(_("received at"))
    latitude = models.FloatField(null=True, blank=True)  # WGS 84
    longitude = models.FloatField(null=True, blank=True)
    accuracy_m = models.PositiveIntegerField(null=True, blank=True)
    added_by = models.CharField(_("added by"), max_length=80)

    class Meta:
        verbose_name = _("piece of evidence")
        verbose_name_plural = _("evidence")
        constraints = [
            models.CheckConstraint(condition=~Q(kind=""), name="fieldwork_evidence_has_kind"),
            models.CheckConstraint(condition=IN_KUWAIT, name="fieldwork_evidence_in_kuwait"),
        ]
        indexes = [models.Index(fields=["visit", "id"], name="fieldwork_evidence_of")]

    def __str__(self) -> str:
        return f"{self.kind} {self.upload_id}"

    @property
    def sha256(self) -> str:
        """The hash of the file as it arrived; reads the upload (use select_related)."""
        return self.upload.sha256
