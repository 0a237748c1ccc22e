"""Inspectors as judicial officers, and their teams."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.places.models import Branch
from municipality.ui.names import name_of


class Team(models.Model):
    """A team of inspectors of a branch. Women's teams inspect premises for women."""

    code = models.CharField(_("code"), max_length=10, primary_key=True)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    name_ar = models.CharField(_("name in Arabic"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80)
    is_womens = models.BooleanField(_("women’s team"), default=False)

    class Meta:
        verbose_name = _("inspection team")
        verbose_name_plural = _("inspection teams")

    def __str__(self) -> str:
        return name_of(self)


class JudicialWarrant(models.Model):
    """The status of an employee as judicial officer, by a decision and for a period.

    `scope` lists prefixes of the codes of offences that the decision names (`SHP`, `CLN-02`).
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="inspector_spells", verbose_name=_("employee"))
    team = models.ForeignKey(Team, models.PROTECT, related_name="inspectors", verbose_name=_("team"))
    badge_no = models.CharField(_("badge number"), max_length=12)
    decision_no = models.CharField(_("number of the warrant decision"), max_length=30)
    decision_on = models.DateField(_("date of the decision"))
    scope = models.JSONField(_("scope"), default=list)
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))

    class Meta:
        verbose_name = pgettext_lazy("model", "inspector")
        verbose_name_plural = _("inspectors")
        constraints = [
            models.UniqueConstraint(fields=["badge_no", "first_day"], name="violations_badge_once"),
            models.CheckConstraint(condition=models.Q(last_day__gte=models.F("first_day")), name="violations_warrant_period"),
            models.CheckConstraint(condition=~models.Q(decision_no=""), name="violations_warrant_has_decision"),
        ]
        indexes = [models.Index(fields=["user", "-last_day"], name="violations_spell_user")]

    def __str__(self) -> str:
        return self.badge_no
