"""Plots: their numbers, addresses, shapes, and what they were split, merged or renumbered into."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.imports.models import ImportFile
from municipality.kernel import ids
from municipality.places.models import Area
from zoning.models.shapes import SavedShape


class Plot(models.Model):
    """A plot by area, block and number; its number may hold letters, as 44B does. Its link stays when it is split, merged or renumbered.

    `valid_to` is the first day on which it does not exist any more; its successors are in `PlotSuccession`. `load` is the file that
    brought it; where that was undone, `valid_to` is `valid_from` and the plot never existed.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("model", "area"))
    block = models.CharField(pgettext_lazy("field", "block"), max_length=10)
    number = models.CharField(_("number of the plot"), max_length=20)
    # Of the cadastre, in hundredths of a square metre; a measured area stands beside it and never replaces it.
    official_area = models.PositiveBigIntegerField(_("official area in hundredths of a square metre"), null=True, blank=True)
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"), null=True, blank=True)
    load = models.ForeignKey(ImportFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("file"))

    class Meta:
        verbose_name = _("plot")
        verbose_name_plural = _("plots")
        constraints = [
            models.UniqueConstraint(
                fields=["area", "block", "number"], condition=models.Q(valid_to__isnull=True), name="zoning_plot_number_once"
            ),
            models.CheckConstraint(condition=models.Q(number__regex=r"^[0-9A-Z][0-9A-Z/-]*$"), name="zoning_plot_number_form"),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")), name="zoning_plot_period"
            ),
        ]
        indexes = [models.Index(fields=["area", "block", "number"], name="zoning_plot_place")]

    def __str__(self) -> str:
        return f"{self.area_id}-{self.block}-{self.number}"


class PlotAddress(models.Model):
    """A PACI address number of a plot, with street and building as PACI has them."""

    plot = models.ForeignKey(Plot, models.PROTECT, related_name="addresses", verbose_name=_("plot"))
    paci_number = models.CharField(_("PACI address number"), max_length=8, unique=True)
    street = models.CharField(_("street"), max_length=60, blank=True)
    building = models.CharField(_("building"), max_length=20, blank=True)
    load = models.ForeignKey(ImportFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("file"))

    class Meta:
        verbose_name = _("address of a plot")
        verbose_name_plural = _("addresses of plots")
        constraints = [models.CheckConstraint(condition=models.Q(paci_number__regex=r"^[0-9]{8}$"), name="zoning_address_paci")]

    def __str__(self) -> str:
        return self.paci_number


class PlotShape(SavedShape):
    """The shape of a plot in a period; a corrected survey is a new row. `load` is the file that brought it.

    Where that load was undone, `valid_to` is `valid_from`: the shape holds on no day.
    """

    plot = models.ForeignKey(Plot, models.PROTECT, related_name="shapes", verbose_name=_("plot"))
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"), null=True, blank=True)
    load = models.ForeignKey(ImportFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("file"))

    class Meta(SavedShape.Meta):
        verbose_name = _("shape of a plot")
        verbose_name_plural = _("shapes of plots")
        constraints: ClassVar[list[Any]] = [
            *SavedShape.Meta.constraints,
            models.UniqueConstraint(fields=["plot"], condition=models.Q(valid_to__isnull=True), name="zoning_plot_one_shape"),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")), name="zoning_shape_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plot_id}: {self.valid_from}"


class PlotChange(models.Model):
    """A decision that split, merged or renumbered plots."""

    class Kind(models.TextChoices):
        SPLIT = "split", _("Split")
        MERGER = "merger", _("Merged")
        NUMBER = "number", _("Renumbered")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    day = models.DateField(_("day"))
    instrument_ar = models.CharField(_("decision in Arabic"), max_length=200)
    instrument_en = models.CharField(_("decision in English"), max_length=200)

    class Meta:
        verbose_name = _("change of plots")
        verbose_name_plural = _("changes of plots")
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=["split", "merger", "number"]), name="zoning_change_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"


class PlotSuccession(models.Model):
    """A plot that a decision ended, and one that took its place."""

    change = models.ForeignKey(PlotChange, models.PROTECT, related_name="successions", verbose_name=_("decision"))
    predecessor = models.ForeignKey(Plot, models.PROTECT, related_name="successions", verbose_name=_("plot before"))
    successor = models.ForeignKey(Plot, models.PROTECT, related_name="origins", verbose_name=_("plot after"))

    class Meta:
        verbose_name = _("succession of plots")
        verbose_name_plural = _("successions of plots")
        constraints = [
            models.UniqueConstraint(fields=["predecessor", "successor"], name="zoning_succession_once"),
            models.CheckConstraint(condition=~models.Q(predecessor=models.F("successor")), name="zoning_succession_two"),
        ]

    def __str__(self) -> str:
        return f"{self.predecessor_id} → {self.successor_id}"
