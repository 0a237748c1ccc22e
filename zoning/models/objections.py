"""Objections to issued opinions."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case
from municipality.documents.models import Document
from zoning.models.opinions import Opinion


class OpinionObjection(models.Model):
    """An objection to an opinion, decided as a case of another branch; one for each opinion.

    Its case has an `Opinion` of its own, whose `first` is the one objected to: a draft on it replaces that. With `study_code`, the reason
    for a new study, nothing replaces it yet, and the question is studied anew.
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="+", verbose_name=_("objection"))
    opinion = models.OneToOneField(Opinion, models.PROTECT, related_name="objection", verbose_name=_("zoning opinion"))
    words = models.TextField(_("text of the objection"))
    study_code = models.CharField(_("reason for a new study"), max_length=40, blank=True)
    answer_by = models.DateField(_("last day to answer"))
    # The branch of the opinion and the candidates, to check the draw afterwards.
    draw = models.JSONField(_("draw"), default=dict)
    decision = models.OneToOneField(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decision on the objection")
    )
    filed_at = models.DateTimeField(_("filed at"))

    class Meta:
        verbose_name = _("objection to an opinion")
        verbose_name_plural = _("objections to opinions")
        constraints = [models.CheckConstraint(condition=~models.Q(words=""), name="zoning_objection_has_words")]

    def __str__(self) -> str:
        return self.case.reference
