"""Photos of reports and their public copies."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from municipality.documents.models import StoredFile
from municipality.fieldwork.models import IN_KUWAIT
from municipality.kernel import ids
from municipality.uploads.models import Upload
from reports.models.report import Report


class PhotoKind(models.TextChoices):
    BEFORE = "before", _("Photo of the report")
    AFTER = "after", _("Photo of the result")
    ANSWER = "answer", _("Photo of an answer")


class BlurState(models.TextChoices):
    """What is known of faces and number plates in the public copy."""

    WAITING = "waiting", _("Not looked at yet")
    CLEAR = "clear", _("Blurred by machine, or nothing to blur")
    UNSURE = "unsure", _("Waits for an employee")
    AGREED = "agreed", _("An employee agreed")
    STAFF = "staff", _("Shown to inspectors alone")
    PRIVATE = "private", _("Shown to nobody")


class HeldPhoto(models.Model):
    """A photo of a report that is not sent yet, kept under the key of its device; deleted when it becomes a `ReportPhoto`, or after days.

    Time and place are those in the file as it arrived. `position` counts from 1, so that photos sent at once stay within the limit.
    """

    key = models.CharField(max_length=36)  # of the report, a UUID
    position = models.PositiveSmallIntegerField()
    upload = models.OneToOneField(Upload, models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)  # of what arrives
    captured_at = models.DateTimeField(null=True)
    latitude = models.FloatField(null=True)  # WGS 84
    longitude = models.FloatField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=IN_KUWAIT, name="reports_held_in_kuwait"),
            models.UniqueConstraint(fields=["key", "position"], name="reports_held_position"),
            models.UniqueConstraint(fields=["key", "sha256"], name="reports_held_once"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.position}"


class ReportPhoto(models.Model):
    """A photo of a report. `copy` has no metadata, and faces and number plates are blurred; the public sees it if it is clear or agreed.

    The original is the file of `upload`, served with a purpose only. `fingerprint` is the difference hash of 64 bits as a signed number;
    its four parts of 16 bits are indexed, so that a photo that was used before is found (`reused`: the older photo). `is_searched`: a
    machine looked for faces and number plates when the copy was made, and blurred what it found.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    report = models.ForeignKey(Report, models.PROTECT, related_name="photos", verbose_name=_("report"))
    kind = models.CharField(_("kind"), max_length=10, choices=PhotoKind, default=PhotoKind.BEFORE)
    upload = models.OneToOneField(Upload, models.PROTECT, related_name="+", verbose_name=_("file"))
    sha256 = models.CharField(max_length=64)  # of what arrived
    captured_at = models.DateTimeField(_("time of the photo"), null=True, blank=True)
    received_at = models.DateTimeField(_("received at"))
    latitude = models.FloatField(null=True, blank=True)  # WGS 84, where it was taken
    longitude = models.FloatField(null=True, blank=True)
    copy = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+")
    blur = models.CharField(_("faces and number plates"), max_length=10, choices=BlurState, default=BlurState.WAITING)
    is_searched = models.BooleanField(default=False)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("looked at by")
    )
    agreed_at = models.DateTimeField(_("looked at"), null=True, blank=True)
    fingerprint = models.BigIntegerField(null=True, blank=True)
    band_1 = models.IntegerField(null=True, blank=True, db_index=True)
    band_2 = models.IntegerField(null=True, blank=True, db_index=True)
    band_3 = models.IntegerField(null=True, blank=True, db_index=True)
    band_4 = models.IntegerField(null=True, blank=True, db_index=True)
    reused = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("used before"))

    class Meta:
        verbose_name = _("photo of a report")
        verbose_name_plural = _("photos of reports")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PhotoKind.values, blur__in=BlurState.values), name="reports_photo_choices"),
            models.CheckConstraint(condition=IN_KUWAIT, name="reports_photo_in_kuwait"),
            models.CheckConstraint(
                condition=~Q(blur__in=["clear", "agreed", "staff", "unsure"]) | Q(copy__isnull=False), name="reports_photo_shown_has_copy"
            ),
            models.CheckConstraint(
                condition=Q(agreed_by__isnull=True, agreed_at__isnull=True) | Q(agreed_by__isnull=False, agreed_at__isnull=False),
                name="reports_photo_agreed_whole",
            ),
            models.CheckConstraint(
                condition=~Q(blur__in=["agreed", "staff"]) | Q(agreed_by__isnull=False), name="reports_photo_agreed_by_somebody"
            ),
            models.CheckConstraint(condition=Q(reused__isnull=True) | ~Q(reused=F("pk")), name="reports_photo_reused_other"),
            models.UniqueConstraint(fields=["report", "kind", "sha256"], name="reports_photo_once"),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(blur="unsure"), name="reports_photo_unsure")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_shown(self) -> bool:
        """Whether the public sees its copy."""
        return self.blur in (BlurState.CLEAR, BlurState.AGREED)
