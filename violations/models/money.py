"""Sums of a violation and their payment. Amounts are whole fils, computed from facts by an edition of the catalogue."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.audit.models import StateEvent
from municipality.kernel import ids, money
from payments.models import Bill
from violations.models.court import Judgment
from violations.models.violation import Violation
from violations.states import PlanState


class SettlementOrder(models.Model):
    """The settlement amount of a violation and its computation. Another sum is a new version."""

    violation = models.ForeignKey(Violation, models.PROTECT, related_name="orders")
    version = models.PositiveSmallIntegerField(_("edition"), default=1)
    fils = models.BigIntegerField(_("amount in fils"))
    rate_fils = models.BigIntegerField(_("price of a unit in fils"))
    percent = models.PositiveSmallIntegerField(_("percentage for repetition"), default=100)
    formula_ar = models.CharField(_("calculation in Arabic"), max_length=200)
    formula_en = models.CharField(_("calculation in English"), max_length=200)
    article_ar = models.CharField(_("article in Arabic"), max_length=200)
    article_en = models.CharField(_("article in English"), max_length=200)
    edition = models.CharField(_("edition"), max_length=60)
    ground = models.CharField(_("reason"), max_length=40)  # violation_report, reduction, rest of a plan, no repetition
    made_at = models.DateTimeField(_("issued on"))

    class Meta:
        verbose_name = _("settlement order")
        verbose_name_plural = _("settlement orders")
        constraints = [
            models.UniqueConstraint(fields=["violation", "version"], name="violations_order_version"),
            models.CheckConstraint(condition=Q(fils__gt=0, fils__lte=money.MAX_FILS), name="violations_order_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.violation_id} v{self.version}"

    @property
    def amount_display(self) -> str:
        return money.to_display(self.fils)


class Extension(models.Model):
    """Extension of the settlement period, once."""

    violation = models.OneToOneField(Violation, models.PROTECT, related_name="extension")
    until_before = models.DateField()
    until_after = models.DateField()
    asked_by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        constraints = [models.CheckConstraint(condition=Q(until_after__gt=models.F("until_before")), name="violations_extension_longer")]

    def __str__(self) -> str:
        return f"{self.violation_id}: {self.until_after}"


class Plan(models.Model):
    """A plan of instalments for a settlement order, one for each violation. A missed instalment voids it."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    violation = models.OneToOneField(Violation, models.PROTECT, related_name="plan")
    order = models.OneToOneField(SettlementOrder, models.PROTECT, related_name="plan")
    count = models.PositiveSmallIntegerField(_("number of instalments"))
    state = models.CharField(_("state"), max_length=40, choices=PlanState, default=PlanState.ACTIVE)
    last_event = models.ForeignKey("PlanEvent", models.PROTECT, null=True, related_name="+")
    agreed_at = models.DateTimeField(_("agreed at"))
    agreed_by = models.CharField(max_length=80)

    EVENTS: ClassVar[Any]
    workflow_name = "violations.plan"

    class Meta:
        verbose_name = _("instalment plan")
        verbose_name_plural = _("instalment plans")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=PlanState.values), name="violations_plan_state"),
            models.CheckConstraint(condition=Q(count__gte=2), name="violations_plan_count"),
        ]

    def __str__(self) -> str:
        return f"{self.violation_id} / {self.count}"

    @property
    def key(self) -> str:
        return f"plan:{self.public_id}"


class PlanEvent(StateEvent):
    subject = models.ForeignKey(Plan, models.PROTECT, related_name="events")

    class Meta:
        indexes = [models.Index(fields=["subject", "id"], name="violations_plan_event_subject")]


Plan.EVENTS = PlanEvent


class Instalment(models.Model):
    """One part of a plan with its last day."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="instalments")
    number = models.PositiveSmallIntegerField(_("instalment"))
    fils = models.BigIntegerField(_("amount in fils"))
    due_on = models.DateField(_("last day"))

    class Meta:
        verbose_name = pgettext_lazy("model", "instalment")
        verbose_name_plural = _("instalments")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="violations_instalment_once"),
            models.CheckConstraint(condition=Q(fils__gt=0), name="violations_instalment_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} #{self.number}"

    @property
    def amount_display(self) -> str:
        return money.to_display(self.fils)


class ChargeKind(models.TextChoices):
    SETTLEMENT = "settlement", pgettext_lazy("choice", "Settlement")
    INSTALMENT = "instalment", pgettext_lazy("choice", "Instalment")
    COURT = "court", _("Judgment")


class Charge(models.Model):
    """The sum of a violation that a bill is for. One open bill for each sum."""

    violation = models.ForeignKey(Violation, models.PROTECT, related_name="charges")
    bill = models.OneToOneField(Bill, models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=ChargeKind)
    order = models.ForeignKey(SettlementOrder, models.PROTECT, null=True, blank=True, related_name="charges")
    instalment = models.ForeignKey(Instalment, models.PROTECT, null=True, blank=True, related_name="charges")
    judgment = models.ForeignKey(Judgment, models.PROTECT, null=True, blank=True, related_name="charges")
    made_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="settlement", order__isnull=False, instalment__isnull=True, judgment__isnull=True)
                | Q(kind="instalment", order__isnull=True, instalment__isnull=False, judgment__isnull=True)
                | Q(kind="court", order__isnull=True, instalment__isnull=True, judgment__isnull=False),
                name="violations_charge_for_one_sum",
            )
        ]
        indexes = [models.Index(fields=["violation", "-id"], name="violations_charge_of")]

    def __str__(self) -> str:
        return f"{self.kind} {self.bill_id}"
