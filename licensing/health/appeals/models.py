"""Appeals against refused requests for licences; imported by `licensing.models`."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.places.models import Branch
from municipality.review.models import Decision


class Appeal(models.Model):
    """An appeal against a refused request for a licence, decided as a case of another branch; one for each refusal.

    `unit` is the branch that refused: neither its members nor those who signed `refusal` decide.
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="+", verbose_name=_("appeal"))
    refusal = models.OneToOneField(Decision, models.PROTECT, related_name="appeal", verbose_name=_("decision appealed against"))
    unit = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch that refused"))
    words = models.TextField(_("text of the appeal"))
    answer_by = models.DateField(_("last day to answer"))
    # The branch that refused and the candidates, to check the draw afterwards.
    draw = models.JSONField(_("draw"), default=dict)
    decision = models.OneToOneField(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decision on the appeal")
    )
    filed_at = models.DateTimeField(_("filed at"))

    class Meta:
        verbose_name = pgettext_lazy("model", "appeal")
        verbose_name_plural = _("appeals")
        constraints = [models.CheckConstraint(condition=~models.Q(words=""), name="licensing_appeal_has_words")]

    def __str__(self) -> str:
        return self.case.reference
