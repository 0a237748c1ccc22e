"""Layers: what is planned or restricted where, in versions with their legal text and period."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from municipality.audit.models import AuditEvent
from municipality.imports.models import ImportFile
from municipality.kernel import ids
from zoning.models.shapes import SavedShape


class Layer(models.Model):
    """One topic, such as land use or the road reservations, and the office that keeps it.

    `absence_*` says what it means where the layer has no surface on what was surveyed. `created_by` is the planner who created it.
    """

    class Kind(models.TextChoices):
        LAND_USE = "land_use", _("Land use")
        RESTRICTION = "restriction", _("Restriction")
        OBJECTS = "objects", _("Objects that distances are measured to")

    code = models.SlugField(_("code"), max_length=30, primary_key=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    office_ar = models.CharField(_("office in Arabic"), max_length=120)
    office_en = models.CharField(_("office in English"), max_length=120)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    instrument_ar = models.CharField(_("legal text in Arabic"), max_length=200, default="")
    instrument_en = models.CharField(_("legal text in English"), max_length=200, default="")
    article_ar = models.CharField(_("article in Arabic"), max_length=200, default="")
    article_en = models.CharField(_("article in English"), max_length=200, default="")
    absence_ar = models.CharField(_("what its absence means, in Arabic"), max_length=200, default="")
    absence_en = models.CharField(_("what its absence means, in English"), max_length=200, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )

    class Meta:
        verbose_name = _("layer")
        verbose_name_plural = _("layers")
        ordering = ["order", "code"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["land_use", "restriction", "objects"]), name="zoning_layer_kind"),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="land_use"), name="zoning_layer_one_land_use"),
        ]

    def __str__(self) -> str:
        return self.code


class LayerStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    IN_FORCE = "in_force", _("In force")
    REPEALED = "repealed", _("Repealed")


class LayerVersion(models.Model):
    """A version of a layer. It is in force from `valid_from` to the day before `valid_to`; one that is pending is announced only."""

    layer = models.ForeignKey(Layer, models.PROTECT, related_name="versions", verbose_name=_("layer"))
    number = models.PositiveIntegerField(_("version"))
    status = models.CharField(_("status"), max_length=10, choices=LayerStatus, default=LayerStatus.PENDING)
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"), null=True, blank=True)
    instrument_ar = models.CharField(_("legal text in Arabic"), max_length=200)
    instrument_en = models.CharField(_("legal text in English"), max_length=200)
    article_ar = models.CharField(_("article in Arabic"), max_length=200)
    article_en = models.CharField(_("article in English"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)
    load = models.ForeignKey(ImportFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("file"))

    class Meta:
        verbose_name = _("version of a layer")
        verbose_name_plural = _("versions of layers")
        constraints = [
            models.UniqueConstraint(fields=["layer", "number"], name="zoning_version_once"),
            models.UniqueConstraint(
                fields=["layer"],
                condition=models.Q(status=LayerStatus.IN_FORCE, valid_to__isnull=True),
                name="zoning_version_one_open",
            ),
            models.CheckConstraint(condition=models.Q(status__in=LayerStatus.values), name="zoning_version_status"),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=models.F("valid_from")), name="zoning_version_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.layer_id} {self.number}"


class LayerRepeal(models.Model):
    """The repeal of a version without a successor: asked for with its legal text, allowed or refused by a second person.

    `ends_on` is the first day on which the version no longer applies; `event` is the audit event of the repeal.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    version = models.ForeignKey(LayerVersion, models.PROTECT, related_name="repeals", verbose_name=_("version"))
    ends_on = models.DateField(_("no longer in force from"))
    instrument_ar = models.CharField(_("legal text in Arabic"), max_length=200)
    instrument_en = models.CharField(_("legal text in English"), max_length=200)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked at"))
    allowed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("allowed by")
    )
    event = models.ForeignKey(AuditEvent, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("event"))
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("refused by")
    )

    class Meta:
        verbose_name = _("repeal of a version of a layer")
        verbose_name_plural = _("repeals of versions of layers")
        constraints = [
            models.UniqueConstraint(fields=["version"], condition=Q(refused_by__isnull=True), name="zoning_repeal_once"),
            models.CheckConstraint(condition=Q(allowed_by__isnull=True) | ~Q(allowed_by=F("asked_by")), name="zoning_repeal_two_people"),
            models.CheckConstraint(
                condition=Q(allowed_by__isnull=True, event__isnull=True)
                | Q(allowed_by__isnull=False, event__isnull=False, refused_by__isnull=True),
                name="zoning_repeal_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class LayerFeature(SavedShape):
    """One surface of a version of a layer.

    `is_coverage` marks a surface for which the version has data at all: outside every such surface nothing is known, which is neither a
    yes nor a no. `code` is the class of land use, or the restriction, or the kind of object; `label_*` is its own name.
    """

    version = models.ForeignKey(LayerVersion, models.PROTECT, related_name="features", verbose_name=_("version"))
    is_coverage = models.BooleanField(_("surveyed surface"), default=False)
    code = models.CharField(_("code"), max_length=30, blank=True)
    label_ar = models.CharField(_("name in Arabic"), max_length=160, blank=True)
    label_en = models.CharField(_("name in English"), max_length=160, blank=True)

    class Meta(SavedShape.Meta):
        verbose_name = _("surface of a layer")
        verbose_name_plural = _("surfaces of layers")
        constraints: ClassVar[list[Any]] = [
            *SavedShape.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(is_coverage=True, code="") | models.Q(is_coverage=False) & ~models.Q(code=""), name="zoning_feature_code"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.code}"
