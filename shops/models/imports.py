"""A sheet of the register, and each of its lines as it was read."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.documents.models import StoredFile
from municipality.kernel import ids


class RegisterFile(models.Model):
    """A sheet of the register. It is read first (dry run), released by a second person, then taken in batches.

    The bytes are kept as they were sent; the same bytes are loaded once. Counts are of lines.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    name = models.CharField("اسم الملف", max_length=120)
    sha256 = models.CharField("البصمة", max_length=64)
    encoding = models.CharField("الترميز", max_length=20)
    content = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="الملف")
    lines = models.PositiveIntegerField("السطور")
    loaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="رفعه")
    loaded_at = models.DateTimeField("رفع في")
    # The dry run: how far it is, and what it found.
    read = models.PositiveIntegerField("قُرئ", default=0)
    to_add = models.PositiveIntegerField("محلات جديدة", default=0)
    to_change = models.PositiveIntegerField("محلات تتغير", default=0)
    unchanged = models.PositiveIntegerField("بلا تغيير", default=0)
    refused = models.PositiveIntegerField("سطور مردودة", default=0)
    absent = models.PositiveIntegerField("في السجل وليست في الملف", null=True, blank=True)
    checked_at = models.DateTimeField("فُحص في", null=True, blank=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="أجازه")
    released_at = models.DateTimeField("أجيز في", null=True, blank=True)
    refused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="ردّه")
    refused_at = models.DateTimeField("رُد في", null=True, blank=True)
    # The taking: how far it is, what it did, and whether somebody stopped it between two batches.
    taken_line = models.PositiveIntegerField("آخر سطر أُخذ", default=0)
    added = models.PositiveIntegerField("أُضيف", default=0)
    changed = models.PositiveIntegerField("غُيّر", default=0)
    confirmed = models.PositiveIntegerField("أُكّد", default=0)
    left_out = models.PositiveIntegerField("تُرك", default=0)
    stopped_at = models.DateTimeField("أوقف في", null=True, blank=True)
    done_at = models.DateTimeField("اكتمل في", null=True, blank=True)

    class Meta:
        verbose_name = "ملف سجل المحلات"
        verbose_name_plural = "ملفات سجل المحلات"
        constraints = [
            models.UniqueConstraint(fields=["sha256"], condition=Q(refused_at__isnull=True), name="shops_file_once"),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | ~Q(released_by=models.F("loaded_by")), name="shops_file_two_people"
            ),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True, released_at__isnull=True)
                | Q(released_by__isnull=False, released_at__isnull=False, checked_at__isnull=False, refused_at__isnull=True),
                name="shops_file_released_whole",
            ),
            models.CheckConstraint(
                condition=Q(taken_line=0, added=0, changed=0, done_at__isnull=True) | Q(released_by__isnull=False),
                name="shops_file_taken_late",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The source of every event and change that came in by this file."""
        return f"import:{self.public_id}"


class Outcome(models.TextChoices):
    """What a line does to the register."""

    ADD = "add", _("New shop")
    CHANGE = "change", _("Changed")
    SAME = "same", _("Unchanged")
    WRONG = "wrong", _("With errors")
    LEFT = "left", _("Left out: the register changed after the dry run")


class RegisterRow(models.Model):
    """One line of a sheet: what is wrong with it, or what it does. `effect` is columns of the shop: of a new one their values, of a
    known one before and after of each that changes. Never changed, but that the taking may leave it out.
    """

    file = models.ForeignKey(RegisterFile, models.PROTECT, related_name="rows", db_index=False, verbose_name="الملف")
    line = models.PositiveIntegerField("السطر")  # of the file, as a sheet counts it
    number = models.CharField("رقم الترخيص التجاري", max_length=20, blank=True)
    outcome = models.CharField("الأثر", max_length=6, choices=Outcome)
    effect = models.JSONField("القيم", default=dict)
    problems = models.JSONField("الأخطاء", default=list)  # [column, code]

    class Meta:
        verbose_name = "سطر من السجل"
        verbose_name_plural = "سطور من السجل"
        constraints = [
            models.UniqueConstraint(fields=["file", "line"], name="shops_row_line_once"),
            models.UniqueConstraint(fields=["file", "number"], condition=~Q(outcome=Outcome.WRONG), name="shops_row_number_once"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="shops_row_outcome"),
            models.CheckConstraint(condition=Q(outcome=Outcome.WRONG) | ~Q(number=""), name="shops_row_numbered"),
        ]
        indexes = [models.Index(fields=["file", "line"], condition=Q(outcome__in=("wrong", "left")), name="shops_row_wrong")]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.line}"
