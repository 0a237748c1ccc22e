"""Decisions by authority, with a coded reason and two people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.kernel import ids
from violations.models.violation import Violation


def _two_people(name: str) -> list[models.BaseConstraint]:
    """Constraints: two different people, a time of the decision, a reason."""
    return [
        models.CheckConstraint(condition=Q(allowed_by__isnull=True) | ~Q(allowed_by=models.F("asked_by")), name=f"{name}_two_people"),
        models.CheckConstraint(
            condition=Q(allowed_by__isnull=True, allowed_at__isnull=True) | Q(allowed_by__isnull=False, allowed_at__isnull=False),
            name=f"{name}_whole",
        ),
        models.CheckConstraint(condition=~Q(code=""), name=f"{name}_has_reason"),
    ]


class _Proposal(models.Model):
    """Proposed by one person, allowed or refused by a second."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    code = models.CharField(_("reason"), max_length=40)
    note_ar = models.TextField(_("explanation"), blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("requested by"))
    asked_at = models.DateTimeField(_("requested at"))
    allowed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("allowed by")
    )
    allowed_at = models.DateTimeField(_("allowed at"), null=True, blank=True)
    refused_at = models.DateTimeField(_("refused on"), null=True, blank=True)
    refused_because = models.TextField(_("why it was refused"), blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.code} {self.public_id}"


class Annulment(_Proposal):
    """Annulment of a violation report; its number is kept."""

    violation = models.ForeignKey(Violation, models.PROTECT, related_name="annulments", verbose_name=_("violation report"))

    class Meta:
        verbose_name = _("annulment of a violation report")
        verbose_name_plural = _("annulments of violation reports")
        constraints = [
            *_two_people("violations_annulment"),
            models.UniqueConstraint(fields=["violation"], condition=Q(refused_at__isnull=True), name="violations_one_annulment"),
        ]


class WriterAnnulment(models.Model):
    """Annulment of a violation report by the inspector who wrote it, within the hours of the rulebook. Insert only.

    One person decides, so it stands beside `Annulment`, which needs two. The last moment is in the event that issued the report.
    """

    violation = models.OneToOneField(Violation, models.PROTECT, related_name="writer_annulment", verbose_name=_("violation report"))
    code = models.CharField(_("reason"), max_length=40)
    note_ar = models.TextField(_("explanation"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("annulled by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("annulment by the writer")
        verbose_name_plural = _("annulments by the writers")
        constraints = [models.CheckConstraint(condition=~Q(code="") & ~Q(note_ar=""), name="violations_writer_annulment_reason")]

    def __str__(self) -> str:
        return f"{self.code} {self.violation_id}"


class ReliefKind(models.TextChoices):
    WAIVER = "waiver", _("Waiver")
    REDUCTION = "reduction", _("Reduction")


class Relief(_Proposal):
    """A waiver or reduction of the computed amount to a percentage. Published without names."""

    violation = models.ForeignKey(Violation, models.PROTECT, related_name="reliefs", verbose_name=_("violation report"))
    kind = models.CharField(_("kind"), max_length=10, choices=ReliefKind)
    percent = models.PositiveSmallIntegerField(_("remaining percentage"), default=0)
    before_fils = models.BigIntegerField(_("before, in fils"))
    after_fils = models.BigIntegerField(_("after, in fils"))

    class Meta:
        verbose_name = _("waiver or reduction")
        verbose_name_plural = _("waivers and reductions")
        constraints = [
            *_two_people("violations_relief"),
            models.UniqueConstraint(
                fields=["violation"], condition=Q(refused_at__isnull=True, allowed_at__isnull=True), name="violations_one_open_relief"
            ),
            models.CheckConstraint(
                condition=Q(kind="waiver", percent=0, after_fils=0)
                | Q(kind="reduction", percent__gte=1, percent__lte=99, after_fils__gt=0),
                name="violations_relief_kind",
            ),
            models.CheckConstraint(condition=Q(after_fils__lt=models.F("before_fils")), name="violations_relief_lowers"),
        ]


HEADQUARTERS = "HQ"  # the unit of staff who belong to no branch


class StopLift(_Proposal):
    """Lifting of a service block until a last day, by two people of different roles and units. Published without names.

    The units are those on the day of the step.
    """

    violation = models.ForeignKey(Violation, models.PROTECT, related_name="stop_lifts", verbose_name=_("violation report"))
    until = models.DateField(_("lifted until"))
    asked_unit = models.CharField(_("unit that asked"), max_length=4)
    allowed_unit = models.CharField(_("unit that allowed"), max_length=4, blank=True)

    class Meta:
        verbose_name = _("lifting of a service block")
        verbose_name_plural = _("liftings of service blocks")
        constraints = [
            *_two_people("violations_stoplift"),
            models.CheckConstraint(
                condition=Q(allowed_unit="") | ~Q(allowed_unit=models.F("asked_unit")), name="violations_stoplift_two_units"
            ),
            models.CheckConstraint(
                condition=Q(allowed_by__isnull=True, allowed_unit="") | (Q(allowed_by__isnull=False) & ~Q(allowed_unit="")),
                name="violations_stoplift_unit_whole",
            ),
            models.UniqueConstraint(
                fields=["violation"], condition=Q(refused_at__isnull=True, allowed_at__isnull=True), name="violations_one_open_stoplift"
            ),
        ]
