"""Inspections, their visits and the answers to their checklist; imported by `licensing.models`."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from licensing.inspections.states import INSPECTION, OPEN, InspectionState
from municipality.accounts.models import User
from municipality.audit.models import StateEvent
from municipality.cases.models import Case
from municipality.fieldwork.models import IN_KUWAIT, Visit
from municipality.kernel import ids
from municipality.places.models import Branch
from municipality.rulebook.models import Activity, InspectionRule, RuleSet
from shops.models import Shop

_OPEN = Q(state__in=[state.value for state in OPEN])


class DayPart(models.TextChoices):
    FIRST = "first", _("First half of the working hours")
    SECOND = "second", _("Second half of the working hours")


class Inspection(models.Model):
    """One inspection of a place by a drawn inspector, from its order to its result.

    `case` is the request that it is part of; without one it was ordered of the licensed `shop`. A place that has no shop yet is described
    by the names, activity and address. `previous` is the failed inspection after which this one looks again. `checklist` is the edition
    whose questions are asked, of the self-check of the owner too.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    reference = models.CharField(_("reference"), max_length=30, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("request"))
    shop = models.ForeignKey(Shop, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("shop"))
    name_ar = models.CharField(_("trade name in Arabic"), max_length=160)
    name_en = models.CharField(_("trade name in English"), max_length=160)
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="+", verbose_name=_("activity"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    address_ar = models.CharField(_("address in Arabic"), max_length=300)
    address_en = models.CharField(_("address in English"), max_length=300)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)  # WGS 84
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    # None where nobody of the shop has an account: the branch announces the visit on paper.
    contact = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who is told"))
    inspector = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("drawn inspector"))
    # The branch whose inspectors were drawn from and the candidates, to check the draw afterwards.
    draw = models.JSONField(_("draw"), default=dict)
    checklist = models.ForeignKey(RuleSet, models.PROTECT, related_name="+", verbose_name=_("edition of the checklist"))
    previous = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="next", verbose_name=_("looks again after"))
    reason = models.CharField(_("reason of the order"), max_length=300, blank=True)
    ordered_by = models.CharField(_("ordered by"), max_length=80)
    ordered_at = models.DateTimeField(_("ordered at"))
    choose_by = models.DateField(_("to be chosen by"))
    day = models.DateField(_("day"), null=True, blank=True)
    part = models.CharField(_("part of the day"), max_length=6, choices=DayPart, blank=True)
    was_moved = models.BooleanField(_("moved by the owner"), default=False)
    misses = models.PositiveSmallIntegerField(_("visits with nobody there"), default=0)
    put_right_by = models.DateField(_("to be put right by"), null=True, blank=True)
    ended_at = models.DateTimeField(_("result at"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=40, choices=InspectionState, default=InspectionState.REQUESTED)
    last_event = models.ForeignKey("InspectionEvent", models.PROTECT, null=True, related_name="+")

    EVENTS: ClassVar[Any]
    workflow_name = INSPECTION

    class Meta:
        verbose_name = _("inspection")
        verbose_name_plural = _("inspections")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=InspectionState.values), name="licensing_inspection_state"),
            models.CheckConstraint(condition=Q(part__in=["", *DayPart.values]), name="licensing_inspection_part"),
            models.CheckConstraint(condition=Q(case__isnull=False) | Q(shop__isnull=False), name="licensing_inspection_of_something"),
            models.CheckConstraint(
                condition=Q(day__isnull=True, part="") & ~Q(state="appointed") | Q(day__isnull=False) & ~Q(part=""),
                name="licensing_inspection_appointment",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["passed", "failed"]) | Q(ended_at__isnull=False), name="licensing_inspection_ended"
            ),
            models.CheckConstraint(condition=IN_KUWAIT, name="licensing_inspection_in_kuwait"),
            models.UniqueConstraint(fields=["case"], condition=_OPEN, name="licensing_inspection_of_case"),
            models.UniqueConstraint(fields=["shop"], condition=_OPEN, name="licensing_inspection_of_shop"),
            models.UniqueConstraint(fields=["previous"], condition=~Q(state="cancelled"), name="licensing_inspection_again_once"),
        ]
        indexes = [
            models.Index(fields=["inspector", "day"], condition=Q(state="appointed"), name="licensing_inspection_due"),
            models.Index(fields=["contact", "-id"], name="licensing_inspection_contact"),
            models.Index(fields=["choose_by"], condition=Q(state="requested"), name="licensing_inspection_choosing"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def key(self) -> str:
        return f"inspection:{self.public_id}"

    @property
    def passed(self) -> bool:
        return self.state == InspectionState.PASSED

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class InspectionEvent(StateEvent):
    subject = models.ForeignKey(Inspection, models.PROTECT, related_name="events")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("course of the inspection")
        indexes = [models.Index(fields=["subject", "id"], name="licensing_inspection_events")]


Inspection.EVENTS = InspectionEvent


class VisitOutcome(models.TextChoices):
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Not passed")
    NOBODY = "nobody", _("Nobody there")


class InspectionVisit(models.Model):
    """A visit of the drawn inspector and what came of it; its photos are the evidence of `visit`. Insert-only."""

    inspection = models.ForeignKey(Inspection, models.PROTECT, related_name="visits", verbose_name=_("inspection"))
    visit = models.OneToOneField(Visit, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("model", "visit"))
    outcome = models.CharField(_("outcome"), max_length=6, choices=VisitOutcome)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("visit of an inspection")
        verbose_name_plural = _("visits of inspections")
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=VisitOutcome.values), name="licensing_inspection_visit_outcome"),
            models.UniqueConstraint(fields=["inspection"], condition=~Q(outcome="nobody"), name="licensing_inspection_one_result"),
        ]

    def __str__(self) -> str:
        return f"{self.inspection_id}: {self.outcome}"


class AnswerValue(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    NUMBER = "number", _("Measured")
    NOT_HERE = "not_here", _("Does not apply here")


class InspectionAnswer(models.Model):
    """An answer to one question, by the inspector, or before by the owner (self-check). Insert-only; `meets` is computed from the rule."""

    inspection = models.ForeignKey(Inspection, models.PROTECT, related_name="answers", verbose_name=_("inspection"))
    rule = models.ForeignKey(InspectionRule, models.PROTECT, related_name="+", verbose_name=_("question"))
    by_owner = models.BooleanField(_("self-check of the owner"), default=False)
    value = models.CharField(_("answer"), max_length=8, choices=AnswerValue)
    hundredths = models.PositiveBigIntegerField(_("measured, in hundredths of the unit"), null=True, blank=True)
    meets = models.BooleanField(_("met"))
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("answer of an inspection")
        verbose_name_plural = _("answers of inspections")
        ordering = ["inspection", "rule__order"]
        constraints = [
            models.UniqueConstraint(fields=["inspection", "rule", "by_owner"], name="licensing_inspection_answer_once"),
            models.CheckConstraint(
                condition=Q(value="number", hundredths__isnull=False) | (Q(value__in=["yes", "no", "not_here"]) & Q(hundredths=None)),
                name="licensing_inspection_answer_value",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.inspection_id}: {self.rule_id}"
