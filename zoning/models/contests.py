"""What a person contests of a layer on a plot, and how planners decide."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.kernel import ids
from zoning.models.layers import Layer, LayerVersion
from zoning.models.plots import Plot


class ContestOutcome(models.TextChoices):
    OPEN = "open", _("With the planners")
    UPHELD = "upheld", _("Upheld")
    REFUSED = "refused", _("Refused")


class LayerContest(models.Model):
    """A person says that a layer is wrong on a plot. What the layer said when it was sent (`said_*`) and what the person says it should
    be both stay; `version` is the version that is contested, None where the layer had none. `rule` is the edition that `due_on` is from.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    number = models.CharField(_("number"), max_length=30, unique=True)
    plot = models.ForeignKey(Plot, models.PROTECT, related_name="contests", verbose_name=_("plot"))
    layer = models.ForeignKey(Layer, models.PROTECT, related_name="+", verbose_name=_("layer"))
    version = models.ForeignKey(LayerVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("version"))
    said_ar = models.TextField(_("what the layer says, in Arabic"))
    said_en = models.TextField(_("what the layer says, in English"))
    should_be = models.CharField(_("what it should be"), max_length=300)
    reason = models.TextField(_("reason"), max_length=2000)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    sent_at = models.DateTimeField(_("sent at"))
    due_on = models.DateField(_("due on"))
    rule = models.CharField(_("edition"), max_length=60)
    outcome = models.CharField(_("decision"), max_length=8, choices=ContestOutcome, default=ContestOutcome.OPEN)
    answer = models.TextField(_("reason of the decision"), max_length=2000, blank=True)
    article = models.CharField(_("article"), max_length=200, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("contest of a layer")
        verbose_name_plural = _("contests of layers")
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=ContestOutcome.values), name="zoning_contest_outcome"),
            models.UniqueConstraint(fields=["plot", "layer", "person"], condition=Q(outcome="open"), name="zoning_contest_open_once"),
            models.CheckConstraint(
                condition=Q(outcome="open", decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(outcome="open") & Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(answer=""),
                name="zoning_contest_decided_whole",
            ),
            models.CheckConstraint(condition=~Q(outcome="refused") | ~Q(article=""), name="zoning_contest_refused_with_article"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def key(self) -> str:
        """The subject of its files, messages and audit events."""
        return f"layer_contest:{self.public_id}"
