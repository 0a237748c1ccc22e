"""Rows of what can be reported: categories, their questions, and the bodies to which a report is handed over."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.rulebook.models.rulesets import RuleSet


class ReportClock(models.TextChoices):
    WORKING = "working", _("Working hours")
    ALWAYS = "always", _("Day and night")


class ReportSeverity(models.TextChoices):
    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    URGENT = "urgent", _("Urgent")
    EMERGENCY = "emergency", _("Emergency: call 112")


class ReportCategoryRule(models.Model):
    """What can be reported, and what is promised: `hours` on the `clock` by the severity `normal`; `high` takes half, `urgent` a quarter,
    `low` twice as many. An emergency is never received: the person is told to call.

    `body` is the code of a `ReportBodyRule` to which it mostly belongs, `offences` are codes of the catalogue that it may become, `words`
    what people call it in both languages; lists are separated by commas.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="report_categories")
    code = models.CharField(_("code"), max_length=20)
    order = models.PositiveSmallIntegerField(_("order"))
    group_ar = models.CharField(_("group in Arabic"), max_length=80)
    group_en = models.CharField(_("group in English"), max_length=80)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    icon = models.CharField(_("symbol"), max_length=30)
    severity = models.CharField(_("severity"), max_length=10, choices=ReportSeverity, default=ReportSeverity.NORMAL)
    hours = models.PositiveSmallIntegerField(_("promised hours"), default=72)
    clock = models.CharField(_("clock"), max_length=8, choices=ReportClock, default=ReportClock.WORKING)
    may_be_anonymous = models.BooleanField(_("without a name"), default=True)
    is_of_shops = models.BooleanField(_("about a shop"), default=False)
    body = models.CharField(_("body"), max_length=20, blank=True)
    offences = models.CharField(_("offences, codes separated by commas"), max_length=200, blank=True)
    words = models.CharField(_("what people call it"), max_length=400, blank=True)
    article_ar = models.CharField(_("article in Arabic"), max_length=200)
    article_en = models.CharField(_("article in English"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_report_category_once"),
            models.UniqueConstraint(fields=["ruleset", "order"], name="rulebook_report_category_order"),
            models.CheckConstraint(
                condition=models.Q(severity__in=ReportSeverity.values, clock__in=ReportClock.values, hours__gte=4),
                name="rulebook_report_category_choices",
            ),
            models.CheckConstraint(
                condition=~models.Q(article_ar="") & ~models.Q(article_en=""), name="rulebook_report_category_has_article"
            ),
        ]
        ordering = ["order"]
        verbose_name = _("category of reports")
        verbose_name_plural = _("categories of reports")

    def __str__(self) -> str:
        return self.code


class ReportQuestionRule(models.Model):
    """A question of a category: yes or no, or one of `options` (`[{"code": …, "ar": …, "en": …}]`).

    The answer `raises_on` raises the severity to `raises_to`; an emergency ends the report.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="report_questions")
    category = models.CharField(_("category"), max_length=20)
    code = models.CharField(_("code"), max_length=20)
    order = models.PositiveSmallIntegerField(_("order"))
    text_ar = models.CharField(_("question in Arabic"), max_length=160)
    text_en = models.CharField(_("question in English"), max_length=160)
    options = models.JSONField(_("answers to choose from; empty for yes or no"), default=list, blank=True)
    is_required = models.BooleanField(_("must be answered"), default=False)
    raises_on = models.CharField(_("answer that raises the severity"), max_length=20, blank=True)
    raises_to = models.CharField(_("severity then"), max_length=10, choices=ReportSeverity, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "category", "code"], name="rulebook_report_question_once"),
            models.CheckConstraint(
                condition=models.Q(raises_on="", raises_to="") | (~models.Q(raises_on="") & models.Q(raises_to__in=ReportSeverity.values)),
                name="rulebook_report_question_raises",
            ),
        ]
        ordering = ["category", "order"]
        verbose_name = _("question of a report")
        verbose_name_plural = _("questions of reports")

    def __str__(self) -> str:
        return f"{self.category}: {self.code}"


class ReportBodyRule(models.Model):
    """A body to which a report is handed over, its contact for people, its address for letters, and the days after which it comes back."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="report_bodies")
    code = models.CharField(_("code"), max_length=20)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    contact = models.CharField(_("contact"), max_length=160)
    days = models.PositiveSmallIntegerField(_("days until it comes back"))
    email = models.EmailField(_("e-mail address for letters"), blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_report_body_once")]
        verbose_name = _("body for reports")
        verbose_name_plural = _("bodies for reports")

    def __str__(self) -> str:
        return self.code
