"""Rows of the checklist that an inspector goes through at a shop."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.rulebook.models.rulesets import RuleSet


class InspectionKind(models.TextChoices):
    YES_NO = "yes_no", _("Yes or no")
    NUMBER = "number", _("A measure or number")


class InspectionRule(models.Model):
    """One question of an inspection. A measure meets it from `least` to `most`, whole numbers of its unit; yes meets any other.

    `activities` are the codes of those that are asked, separated by commas; empty for all. What a rule must meet decides the result; the
    rest is advice. `code` is the kind of its photos too (`fieldwork.Evidence.kind`).
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="inspection_rules")
    code = models.CharField(_("code"), max_length=12)
    order = models.PositiveSmallIntegerField(_("order"))
    activities = models.CharField(_("activities, codes separated by commas"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=6, choices=InspectionKind, default=InspectionKind.YES_NO)
    question_ar = models.CharField(_("question in Arabic"), max_length=200)
    question_en = models.CharField(_("question in English"), max_length=200)
    unit_ar = models.CharField(_("unit in Arabic"), max_length=20, blank=True)
    unit_en = models.CharField(_("unit in English"), max_length=20, blank=True)
    least = models.PositiveIntegerField(_("at least"), null=True, blank=True)
    most = models.PositiveIntegerField(_("at most"), null=True, blank=True)
    needs_photo = models.BooleanField(_("with a photo"), default=False)
    is_must = models.BooleanField(_("must be met"), default=True)
    may_not_apply = models.BooleanField(_("may not apply to a shop"), default=False)
    is_of_licensed = models.BooleanField(_("of licensed shops only"), default=False)
    article_ar = models.CharField(_("article in Arabic"), max_length=200)
    article_en = models.CharField(_("article in English"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_inspection_rule_once"),
            models.UniqueConstraint(fields=["ruleset", "order"], name="rulebook_inspection_rule_order"),
            models.CheckConstraint(
                condition=~models.Q(article_ar="") & ~models.Q(article_en=""), name="rulebook_inspection_rule_has_article"
            ),
            models.CheckConstraint(
                condition=models.Q(activities="") | models.Q(activities__regex=r"^[A-Z]+(,[A-Z]+)*$"),
                name="rulebook_inspection_rule_activities",
                violation_error_message=_("Write the codes of the activities with commas between them and no spaces."),
            ),
            models.CheckConstraint(
                condition=models.Q(kind="yes_no", least__isnull=True, most__isnull=True, unit_ar="", unit_en="")
                | (
                    models.Q(kind="number")
                    & (models.Q(least__isnull=False) | models.Q(most__isnull=False))
                    & (models.Q(least__isnull=True) | models.Q(most__isnull=True) | models.Q(most__gte=models.F("least")))
                    & ~models.Q(unit_ar="")
                    & ~models.Q(unit_en="")
                ),
                name="rulebook_inspection_rule_kind",
                violation_error_message=_("A measure has its unit and a limit, the lower one first; yes or no has neither."),
            ),
        ]
        ordering = ["order"]
        verbose_name = _("question of an inspection")
        verbose_name_plural = _("checklist of inspections")

    def __str__(self) -> str:
        return self.code

    def is_about(self, activity: str) -> bool:
        """Whether a shop of an activity is asked."""
        return not self.activities or activity in self.activities.split(",")
