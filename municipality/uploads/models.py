"""Uploads, and the daily use of each person."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.audit.models import StateEvent
from municipality.documents.models import StoredFile
from municipality.kernel import ids
from municipality.uploads.states import UploadState


class Upload(models.Model):
    """A file for a slot of a subject (`draft:…`, `case:…`). Only the file that was rendered from it is served."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    # Nobody where the prefix of the subject is `ownerless`.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("owner of the file")
    )
    # A delegate, or staff with the owner's consent.
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("sender"))
    subject = models.CharField(_("subject"), max_length=80)
    slot = models.CharField(_("slot"), max_length=40)
    # For display, never a path.
    name = models.CharField(pgettext_lazy("field", "name"), max_length=120)
    size = models.PositiveIntegerField(_("size"))  # bytes, as announced
    received = models.PositiveIntegerField(default=0)  # bytes
    touched_at = models.DateTimeField()
    # A hash of the first and last bytes by the sender's browser, to recognise a file that is sent again.
    fingerprint = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)  # of what arrived
    state = models.CharField(_("state"), max_length=20, choices=UploadState, default=UploadState.RECEIVING)
    last_event = models.ForeignKey("UploadEvent", models.PROTECT, null=True, related_name="+")
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    preview = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    media_type = models.CharField(_("media type"), max_length=60, blank=True)  # of the rendered file
    pages = models.PositiveSmallIntegerField(_("pages"), default=0)
    width = models.PositiveIntegerField(default=0)  # pixels of the first page
    height = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(_("sent at"))

    EVENTS: ClassVar[Any]
    workflow_name = "uploads.upload"

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state=UploadState.READY) | models.Q(file__isnull=False, preview__isnull=False),
                name="uploads_ready_has_file",
            ),
            models.CheckConstraint(condition=models.Q(received__lte=models.F("size")), name="uploads_no_more_than_announced"),
            models.CheckConstraint(condition=models.Q(owner__isnull=False) | models.Q(sent_by__isnull=True), name="uploads_sent_for_owner"),
        ]
        indexes = [
            models.Index(fields=["subject", "slot", "id"], name="uploads_subject"),
            models.Index(fields=["owner", "-id"], name="uploads_owner"),
            models.Index(fields=["touched_at"], condition=models.Q(state="receiving"), name="uploads_unfinished"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return f"upload:{self.public_id}"

    @property
    def reason(self) -> str:
        """The code of its refusal, or an empty string. Reads the last event (use select_related)."""
        return self.last_event.reason if self.state == UploadState.REFUSED and self.last_event else ""

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")

    @property
    def percent(self) -> int:
        """How much of it has arrived."""
        return 100 * self.received // self.size


class UploadEvent(StateEvent):
    subject = models.ForeignKey(Upload, models.PROTECT, related_name="events")

    class Meta:
        indexes = [models.Index(fields=["subject", "id"], name="uploads_event_subject")]


Upload.EVENTS = UploadEvent


class DailyUploads(models.Model):
    """How many files and bytes a person has begun to send on a day."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    day = models.DateField()
    files = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "day"], name="uploads_day_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.files}"
