"""Measures against a licensed shop; imported by `licensing.models`."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from licensing.inspections.models import Inspection
from municipality.accounts.models import User
from municipality.kernel import ids
from shops.models import Shop


class MeasureKind(models.TextChoices):
    SUSPENSION = "suspension", _("Suspension of the licence")
    CLOSURE = "closure", _("Administrative closure of the shop")


class MeasureEnd(models.TextChoices):
    WITHDRAWN = "withdrawn", pgettext_lazy("measure", "Taken back before it was signed")
    DECLINED = "declined", pgettext_lazy("measure", "Not signed")
    OVER = "over", _("Ended with its last day")
    LIFTED = "lifted", _("Lifted")


class Measure(models.Model):
    """A suspension or a closure, in force from its second signature to its end.

    Without `days` it lasts until what was found is put right. `code` is the reason of the rulebook with its text and article of that day;
    `inspection` is the failed one and `report` the number of the violation that it rests on, if there is one. It is lifted by two people
    too: `lift_by` asks, `ended_by` signs; what ends with its last day nobody signs.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="+", verbose_name=_("shop"))
    kind = models.CharField(_("kind"), max_length=10, choices=MeasureKind)
    code = models.CharField(_("reason"), max_length=40)
    reason_ar = models.TextField(_("reason in Arabic"))
    reason_en = models.TextField(_("reason in English"))
    article_ar = models.CharField(_("article in Arabic"), max_length=160)
    article_en = models.CharField(_("article in English"), max_length=160)
    edition = models.CharField(_("edition of the reasons"), max_length=60)
    text = models.CharField(_("facts"), max_length=500)
    days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True)
    inspection = models.ForeignKey(Inspection, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("failed inspection"))
    report = models.CharField(_("violation report"), max_length=30, blank=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("proposed by"))
    proposed_at = models.DateTimeField(_("proposed at"))
    signed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("signed by"))
    signed_at = models.DateTimeField(_("signed at"), null=True, blank=True)
    first_day = models.DateField(_("from"), null=True, blank=True)
    last_day = models.DateField(_("to"), null=True, blank=True)
    lift_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lifting asked for by"))
    lift_text = models.CharField(_("why it is lifted"), max_length=500, blank=True)
    ending = models.CharField(_("end"), max_length=10, choices=MeasureEnd, blank=True, default="")
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("ended by"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("measure against a shop")
        verbose_name_plural = _("measures against shops")
        constraints = [
            models.UniqueConstraint(fields=["shop", "kind"], condition=Q(ending=""), name="licensing_measure_open_once"),
            models.CheckConstraint(
                condition=Q(kind__in=MeasureKind.values, ending__in=["", *MeasureEnd.values]), name="licensing_measure_kind"
            ),
            models.CheckConstraint(condition=Q(days__isnull=True) | Q(days__gte=1), name="licensing_measure_days"),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True, signed_at__isnull=True, first_day__isnull=True, last_day__isnull=True)
                | Q(signed_by__isnull=False, signed_at__isnull=False, first_day__isnull=False)
                & ~Q(signed_by=F("proposed_by"))
                & (Q(days__isnull=True, last_day__isnull=True) | Q(days__isnull=False, last_day__gte=F("first_day"))),
                name="licensing_measure_second_person",
            ),
            models.CheckConstraint(
                condition=Q(lift_by__isnull=True, lift_text="") | Q(lift_by__isnull=False) & ~Q(lift_text=""), name="licensing_measure_lift"
            ),
            models.CheckConstraint(
                condition=Q(ending="", ended_at__isnull=True, ended_by__isnull=True)
                | Q(ending__in=["withdrawn", "declined"], ended_at__isnull=False, ended_by__isnull=False, signed_by__isnull=True)
                | Q(ending="over", ended_at__isnull=False, ended_by__isnull=True, signed_by__isnull=False, last_day__isnull=False)
                | Q(ending="lifted", ended_at__isnull=False, ended_by__isnull=False, signed_by__isnull=False, lift_by__isnull=False)
                & ~Q(ended_by=F("lift_by")),
                name="licensing_measure_end",
            ),
        ]
        indexes = [models.Index(fields=["last_day"], condition=Q(ending="", signed_at__isnull=False), name="licensing_measure_running")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def key(self) -> str:
        return f"measure:{self.public_id}"

    @property
    def is_in_force(self) -> bool:
        return self.signed_at is not None and not self.ending
