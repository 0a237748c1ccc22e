"""Objections to violations and their defence."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from municipality.cases.models import Case
from municipality.documents.models import Document
from violations.models.violation import Violation
from violations.states import ViolationState


class Objection(models.Model):
    """An objection, decided as a case of another branch; one for each violation.

    `origin` is the state that the violation returns to after an unsuccessful objection; `keeps_price`: filed within the settlement
    period, so the settlement is open again after a refusal.
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="+", verbose_name="الاعتراض")
    violation = models.OneToOneField(Violation, models.PROTECT, related_name="objection", verbose_name="المخالفة")
    ground = models.CharField("السبب", max_length=40)
    words = models.TextField("نص الاعتراض")
    origin = models.CharField(max_length=40, choices=ViolationState)
    keeps_price = models.BooleanField("يبقى مبلغ الصلح", default=False)
    answer_by = models.DateField("آخر يوم للرد")
    defend_by = models.DateField("آخر يوم لدليل محرر المحضر")
    is_undefended = models.BooleanField("بلا دفاع", default=False)
    # The issuing branch and the candidates, to check the draw afterwards.
    draw = models.JSONField("القرعة", default=dict)
    decision = models.OneToOneField(Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="القرار")
    filed_at = models.DateTimeField("قدم في")

    class Meta:
        verbose_name = "اعتراض"
        verbose_name_plural = "الاعتراضات"
        constraints = [
            models.CheckConstraint(condition=Q(origin__in=["ordered", "overdue", "unsettleable"]), name="violations_objection_origin"),
            models.CheckConstraint(condition=~Q(words=""), name="violations_objection_has_words"),
        ]

    def __str__(self) -> str:
        return self.case.reference


class Defence(models.Model):
    """The inspector's defence of the violation report, within the working days of the rulebook."""

    objection = models.OneToOneField(Objection, models.PROTECT, related_name="defence")
    words = models.TextField("الدفاع")
    at = models.DateTimeField("في")
    by = models.CharField(max_length=80)

    class Meta:
        verbose_name = "دفاع"
        verbose_name_plural = "الدفوع"
        constraints = [models.CheckConstraint(condition=~Q(words=""), name="violations_defence_has_words")]

    def __str__(self) -> str:
        return f"{self.objection_id}"


class Addition(models.Model):
    """The answer of the party to one round of questions."""

    objection = models.ForeignKey(Objection, models.PROTECT, related_name="additions")
    round = models.PositiveSmallIntegerField("الجولة")
    words = models.TextField("الرد", blank=True)
    at = models.DateTimeField("في")

    class Meta:
        verbose_name = "رد على سؤال"
        verbose_name_plural = "الردود"
        constraints = [models.UniqueConstraint(fields=["objection", "round"], name="violations_addition_once")]

    def __str__(self) -> str:
        return f"{self.objection_id} #{self.round}"
