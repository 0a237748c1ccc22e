"""Objections to violations and their defence."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.cases.models import Case
from municipality.documents.models import Document
from violations.models.violation import Violation
from violations.states import ViolationState


class Objection(models.Model):
    """An objection, decided as a case of another branch; one for each violation.

    `origin` is the state that the violation returns to after an unsuccessful objection; `keeps_price`: filed within the settlement
    period, so the settlement is open again after a refusal.
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="+", verbose_name=_("objection"))
    violation = models.OneToOneField(Violation, models.PROTECT, related_name="objection", verbose_name=_("violation"))
    ground = models.CharField(_("reason"), max_length=40)
    words = models.TextField(_("text of the objection"))
    origin = models.CharField(max_length=40, choices=ViolationState)
    keeps_price = models.BooleanField(_("settlement stays open"), default=False)
    answer_by = models.DateField(_("last day to answer"))
    defend_by = models.DateField(_("last day for evidence of the writer"))
    is_undefended = models.BooleanField(_("undefended"), default=False)
    # The issuing branch and the candidates, to check the draw afterwards.
    draw = models.JSONField(_("draw"), default=dict)
    decision = models.OneToOneField(Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decision"))
    filed_at = models.DateTimeField(_("filed at"))

    class Meta:
        verbose_name = pgettext_lazy("model", "objection")
        verbose_name_plural = _("objections")
        constraints = [
            models.CheckConstraint(condition=Q(origin__in=["ordered", "overdue", "unsettleable"]), name="violations_objection_origin"),
            models.CheckConstraint(condition=~Q(words=""), name="violations_objection_has_words"),
        ]

    def __str__(self) -> str:
        return self.case.reference


class Defence(models.Model):
    """The inspector's defence of the violation report, within the working days of the rulebook."""

    objection = models.OneToOneField(Objection, models.PROTECT, related_name="defence")
    words = models.TextField(_("defence"))
    at = models.DateTimeField(_("at"))
    by = models.CharField(max_length=80)

    class Meta:
        verbose_name = pgettext_lazy("model", "defence")
        verbose_name_plural = _("defences")
        constraints = [models.CheckConstraint(condition=~Q(words=""), name="violations_defence_has_words")]

    def __str__(self) -> str:
        return f"{self.objection_id}"


class Addition(models.Model):
    """The answer of the party to one round of questions."""

    objection = models.ForeignKey(Objection, models.PROTECT, related_name="additions")
    round = models.PositiveSmallIntegerField(_("round"))
    words = models.TextField(_("reply"), blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("answer to a question")
        verbose_name_plural = _("replies")
        constraints = [models.UniqueConstraint(fields=["objection", "round"], name="violations_addition_once")]

    def __str__(self) -> str:
        return f"{self.objection_id} #{self.round}"
