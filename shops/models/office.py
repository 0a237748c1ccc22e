"""Decisions of the office by two people: merges of two shops, their reversal, and events entered by hand."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.kernel import ids

OPEN = Q(allowed_at__isnull=True, refused_at__isnull=True)


class Proposal(models.Model):
    """What one person proposes about a shop (`asked_by`) and a second one allows or refuses."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    note_ar = models.CharField(_("reason"), max_length=500)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("suggested by"))
    asked_at = models.DateTimeField(_("proposed at"))
    allowed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("confirmed by")
    )
    allowed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("refused by")
    )
    refused_at = models.DateTimeField(_("refused at"), null=True, blank=True)

    class Meta:
        abstract = True


def _proposal_constraints(prefix: str) -> list[models.BaseConstraint]:
    """Two people, a complete decision, and one open proposal for a shop."""
    undecided = Q(allowed_by__isnull=True, allowed_at__isnull=True)
    allowed = Q(allowed_by__isnull=False, allowed_at__isnull=False, refused_at__isnull=True)
    return [
        models.CheckConstraint(condition=Q(allowed_by__isnull=True) | ~Q(allowed_by=models.F("asked_by")), name=f"{prefix}_two_people"),
        models.CheckConstraint(condition=undecided | allowed, name=f"{prefix}_decided_whole"),
        models.UniqueConstraint(fields=["shop"], condition=OPEN, name=f"{prefix}_one_open"),
    ]


class MergeKind(models.TextChoices):
    MERGE = "merge", _("The same shop")
    SPLIT = "split", _("Two shops after all")


class ShopMerge(Proposal):
    """A merge or split of two shops. Never edited: a split reverses a merge."""

    kind = models.CharField(_("kind"), max_length=5, choices=MergeKind)
    shop = models.ForeignKey("shops.Shop", models.PROTECT, related_name="merges", verbose_name=_("duplicate shop"))
    into = models.ForeignKey("shops.Shop", models.PROTECT, related_name="+", verbose_name=_("remaining shop"))

    class Meta:
        verbose_name = _("merge of two shops")
        verbose_name_plural = _("merges of shops")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=MergeKind.values), name="shops_merge_kind"),
            models.CheckConstraint(condition=~Q(shop=models.F("into")), name="shops_merge_two_shops"),
            *_proposal_constraints("shops_merge"),
        ]
        indexes = [models.Index(fields=["into"], name="shops_merge_into")]

    def __str__(self) -> str:
        return f"{self.shop_id} → {self.into_id}"

    @property
    def key(self) -> str:
        """The source of its events."""
        return f"merge:{self.public_id}"


class ByHand(models.TextChoices):
    """The kinds of events that staff may enter."""

    SUSPENDED = "suspended", _("Suspended")
    RESUMED = "resumed", _("Resumed")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Opened again")
    RENAMED = "renamed", _("Renamed")
    MOVED = "moved", _("Moved")


class EventProposal(Proposal):
    """A proposed event. `after` has the columns that it writes, for a new name or address."""

    shop = models.ForeignKey("shops.Shop", models.PROTECT, related_name="proposals", verbose_name=_("shop"))
    kind = models.CharField(_("event"), max_length=20, choices=ByHand)
    on = models.DateField(_("on"))
    after = models.JSONField(_("values"), default=dict, blank=True)
    reference = models.CharField(_("basis"), max_length=60)

    class Meta:
        verbose_name = _("proposed event")
        verbose_name_plural = _("proposed events")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ByHand.values), name="shops_proposal_kind"),
            *_proposal_constraints("shops_proposal"),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.kind}"

    @property
    def key(self) -> str:
        """The source of its event."""
        return f"byhand:{self.public_id}"
