"""Imported files, and the base of their lines."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.documents.models import StoredFile
from municipality.kernel import ids
from municipality.places.models import Branch


class ImportFile(models.Model):
    """A file of one kind of import: checked (dry run), released by a second person, then applied in batches.

    Its bytes are stored, encrypted for a secret kind; the same bytes are loaded once, and again once what they
    brought has ended (`ended_at`): was undone, repealed or replaced. Counts are of lines.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    kind = models.CharField(_("kind"), max_length=20)
    name = models.CharField(_("file name"), max_length=120)
    sha256 = models.CharField(_("hash"), max_length=64)
    encoding = models.CharField(_("encoding"), max_length=20)
    content = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("file"))
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch"))  # of the uploader
    lines = models.PositiveIntegerField(_("lines"))
    loaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("loaded by"))
    loaded_at = models.DateTimeField(_("loaded at"))
    # The dry run: its progress and result.
    read = models.PositiveIntegerField(_("lines read"), default=0)
    to_add = models.PositiveIntegerField(_("new"), default=0)
    to_change = models.PositiveIntegerField(_("to change"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    refused = models.PositiveIntegerField(_("lines put aside"), default=0)
    figures = models.JSONField(_("other counts"), default=dict)  # of the kind, at the end of the dry run
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("released by")
    )
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("refused by")
    )
    refused_at = models.DateTimeField(_("refused at"), null=True, blank=True)
    # Applying: its progress and result, and when it was stopped.
    taken_line = models.PositiveIntegerField(_("last line taken in"), default=0)
    added = models.PositiveIntegerField(_("added"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    confirmed = models.PositiveIntegerField(pgettext_lazy("field", "confirmed"), default=0)
    left_out = models.PositiveIntegerField(_("left out"), default=0)
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True)
    done_at = models.DateTimeField(_("completed at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "sha256"], condition=Q(refused_at__isnull=True, ended_at__isnull=True), name="imports_file_once"
            ),
            models.CheckConstraint(condition=Q(released_by__isnull=True) | ~Q(released_by=F("loaded_by")), name="imports_file_two_people"),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True, released_at__isnull=True)
                | Q(released_by__isnull=False, released_at__isnull=False, checked_at__isnull=False, refused_at__isnull=True),
                name="imports_file_released_whole",
            ),
            models.CheckConstraint(
                condition=Q(taken_line=0, added=0, changed=0, done_at__isnull=True) | Q(released_by__isnull=False),
                name="imports_file_taken_late",
            ),
            models.CheckConstraint(condition=Q(ended_at__isnull=True) | Q(released_by__isnull=False), name="imports_file_ended_late"),
        ]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def standing() -> Q:
        """Files whose bytes are not loaded again: not refused, and what they brought has not ended."""
        return Q(refused_at__isnull=True, ended_at__isnull=True)

    @property
    def key(self) -> str:
        """The subject of its audit events and the source of what it brought in."""
        return f"import:{self.public_id}"


class LineOutcome(models.TextChoices):
    """The effect of a line. It is left out (`LEFT`) where the row it changes was changed after the dry run."""

    ADD = "add"
    CHANGE = "change"
    SAME = "same"
    WRONG = "wrong"
    LEFT = "left"


class ImportRow(models.Model):
    """One line of a file, with its problems or its effect; kinds add columns for its values.

    Only its outcome ever changes, to `LEFT`. `number` identifies the object of the line and is unique in a file.
    """

    file = models.ForeignKey(ImportFile, models.PROTECT, related_name="+", db_index=False, verbose_name=_("file"))
    line = models.PositiveIntegerField(_("line"))  # of the file, as a sheet counts it
    number = models.CharField(_("number"), max_length=40, blank=True)
    outcome = models.CharField(_("effect"), max_length=6, choices=LineOutcome)
    problems = models.JSONField(_("errors"), default=list)  # [column, code]

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["file", "line"], name="%(app_label)s_%(class)s_line_once"),
            models.UniqueConstraint(fields=["file", "number"], condition=~Q(outcome="wrong"), name="%(app_label)s_%(class)s_number_once"),
            models.CheckConstraint(condition=Q(outcome__in=LineOutcome.values), name="%(app_label)s_%(class)s_outcome"),
            models.CheckConstraint(condition=Q(outcome="wrong") | ~Q(number=""), name="%(app_label)s_%(class)s_numbered"),
        ]
        indexes = [models.Index(fields=["file", "line"], condition=Q(outcome__in=("wrong", "left")), name="%(app_label)s_%(class)s_wrong")]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.line}"
