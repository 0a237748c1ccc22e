"""Claims of shops."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Organisation
from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.kernel import clock
from shops.models.register import Shop


class ClaimGround(models.TextChoices):
    REGISTER = "register", _("The commercial register names the claimant")
    DOCUMENTS = "documents", _("Documents")


class Claim(models.Model):
    """A person, or an organisation represented by one, claims a shop that somebody else holds. The case has its state."""

    case = models.OneToOneField(Case, models.PROTECT, related_name="+", verbose_name=_("request"))
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="claims", verbose_name=_("shop"))
    ground = models.CharField(_("basis"), max_length=10, choices=ClaimGround)
    files_key = models.CharField(max_length=80, blank=True)  # subject key of the documents, such as claim:…
    statement = models.CharField(_("declaration"), max_length=500, blank=True)
    organisation = models.ForeignKey(  # the claimant; None if the applicant claims the shop for themselves
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("claiming organisation")
    )
    # The holder of the shop at the time of the claim; of one by documents, whoever it passed to before the decision (`claims.hearing`).
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("present holder")
    )
    holder_organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("holding organisation")
    )
    # Of a claim by the register, the last day to dispute it; of one by documents, the last day before which it is not approved unheard.
    dispute_until = models.DateField(_("may be disputed until"), null=True, blank=True)
    disputed_at = models.DateTimeField(_("disputed at"), null=True, blank=True)
    disputed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("disputed by")
    )
    dispute = models.CharField(_("dispute"), max_length=500, blank=True)
    refusal = models.OneToOneField(Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("refusal decision"))

    class Meta:
        verbose_name = _("claim to a shop")
        verbose_name_plural = _("claims to shops")
        constraints = [
            models.CheckConstraint(condition=models.Q(ground__in=ClaimGround.values), name="shops_claim_ground"),
            models.CheckConstraint(
                condition=models.Q(holder__isnull=False, holder_organisation__isnull=True)
                | models.Q(holder__isnull=True, holder_organisation__isnull=False),
                name="shops_claim_one_holder",
            ),
            models.CheckConstraint(
                condition=models.Q(disputed_at__isnull=True, disputed_by__isnull=True, dispute="")
                | models.Q(disputed_at__isnull=False, disputed_by__isnull=False),
                name="shops_claim_dispute_whole",
            ),
        ]
        indexes = [models.Index(fields=["dispute_until"], condition=models.Q(disputed_at__isnull=True), name="shops_claim_open")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.ground}"

    @property
    def passes_after(self) -> dt.date | None:
        """The last day to dispute a claim by the register, after which it stands; None where an officer decides."""
        return self.dispute_until if self.ground == ClaimGround.REGISTER and not self.is_disputed else None

    @property
    def answer_by(self) -> dt.date | None:
        """The last day for the holder to answer the claim; None once it has passed."""
        return self.dispute_until if self.dispute_until is not None and clock.today() <= self.dispute_until else None

    @property
    def is_disputed(self) -> bool:
        return self.disputed_at is not None
