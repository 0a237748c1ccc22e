"""Lines of files of plots, what was found of a file as a whole, and the undoing of a load."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from shapely.geometry import MultiPolygon

from municipality.audit.models import AuditEvent
from municipality.imports.models import ImportFile, ImportRow
from municipality.kernel import ids
from municipality.places.models import Area
from zoning.geometry import shapes
from zoning.models.plots import Plot, PlotShape


class PlotRow(ImportRow):
    """One plot of a file. `number` is area, block and number of the plot, joined by dashes.

    `plot` and `compared` are the plot and the shape of the register that the dry run compared it with; of a renumbered plot they are
    those of the old number. `official_before` is the official area that the register had. `former` are the plots that a new one comes
    from: the key of each with its PACI numbers. `removed` are the addresses that the plot loses: PACI number, street, building and the
    file that brought it.
    """

    area = models.ForeignKey(Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=pgettext_lazy("model", "area"))
    block = models.CharField(pgettext_lazy("field", "block"), max_length=10, blank=True)
    plot_number = models.CharField(_("number of the plot"), max_length=20, blank=True)
    official_area = models.PositiveBigIntegerField(_("official area in hundredths of a square metre"), null=True, blank=True)
    official_before = models.PositiveBigIntegerField(_("official area in hundredths of a square metre"), null=True, blank=True)
    paci = models.JSONField(_("PACI address numbers"), default=list)
    removed = models.JSONField(_("PACI address numbers that are removed"), null=True)
    former = models.JSONField(_("former plots"), null=True)
    plot = models.ForeignKey(Plot, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("plot"))
    compared = models.ForeignKey(
        PlotShape, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("shape of a plot")
    )
    has_new_shape = models.BooleanField(_("with another shape"), default=False)
    is_renumbered = models.BooleanField(_("Renumbered"), default=False)
    was_repaired = models.BooleanField(_("shape repaired"), default=False)
    geometry = models.BinaryField(_("polygons"), null=True)
    west = models.FloatField(null=True)
    south = models.FloatField(null=True)
    east = models.FloatField(null=True)
    north = models.FloatField(null=True)
    original = models.BinaryField(_("coordinates of the source"), null=True)

    class Meta(ImportRow.Meta):
        verbose_name = _("plot of a file")
        verbose_name_plural = _("plots of files")
        constraints: ClassVar[list[Any]] = [
            *ImportRow.Meta.constraints,
            models.CheckConstraint(
                condition=Q(outcome="wrong") | Q(area__isnull=False, geometry__isnull=False, original__isnull=False, west__isnull=False),
                name="zoning_plotrow_good_is_whole",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            *ImportRow.Meta.indexes,
            models.Index(fields=["file", "area", "block"], name="zoning_plotrow_block"),
        ]

    @property
    def shape(self) -> MultiPolygon:
        """The polygons; only of a line without errors."""
        return shapes.read(bytes(self.geometry))  # type: ignore[arg-type]

    @property
    def former_plots(self) -> set[int]:
        """The keys of the plots that a new one comes from."""
        return {plot for plot, _paci in self.former or ()}


class PlotFinding(models.Model):
    """What the dry run found between the plots of a block as they would be after the load."""

    class Kind(models.TextChoices):
        OVERLAP = "overlap", _("Two plots overlap")
        GAP = "gap", _("Gap between plots")
        ABSENT = "absent", _("In the register, not in the file")

    file = models.ForeignKey(ImportFile, models.PROTECT, related_name="+", verbose_name=_("file"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("model", "area"))
    block = models.CharField(pgettext_lazy("field", "block"), max_length=10)
    number = models.CharField(_("number of the plot"), max_length=20, blank=True)
    other = models.CharField(_("number of the other plot"), max_length=40, blank=True)
    square_metres = models.FloatField(_("square metres"))

    class Meta:
        verbose_name = _("finding of a file of plots")
        verbose_name_plural = _("findings of files of plots")
        constraints = [models.CheckConstraint(condition=Q(kind__in=["overlap", "gap", "absent"]), name="zoning_finding_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.block} {self.number}"


class LoadUndo(models.Model):
    """The undoing of a load: asked for with a reason, and allowed or refused by a second person; a job carries it out.

    `event` is the audit event of the second person, `undone_line` the last line of the file that is undone.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    file = models.ForeignKey(ImportFile, models.PROTECT, related_name="+", verbose_name=_("file"))
    reason = models.CharField(_("reason"), max_length=500)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked at"))
    allowed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("allowed by")
    )
    event = models.ForeignKey(AuditEvent, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("event"))
    undone_line = models.PositiveIntegerField(_("last line undone"), default=0)
    done_at = models.DateTimeField(_("completed at"), null=True, blank=True)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("refused by")
    )
    refused_at = models.DateTimeField(_("refused at"), null=True, blank=True)

    class Meta:
        verbose_name = _("undoing of a load")
        verbose_name_plural = _("undoings of loads")
        constraints = [
            models.UniqueConstraint(fields=["file"], condition=Q(refused_at__isnull=True), name="zoning_undo_once"),
            models.CheckConstraint(condition=Q(allowed_by__isnull=True) | ~Q(allowed_by=F("asked_by")), name="zoning_undo_two_people"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, undone_line=0)
                | Q(allowed_by__isnull=False, event__isnull=False, refused_at__isnull=True),
                name="zoning_undo_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
