"""The agreement of the new holder to a transfer; imported by `licensing.models`."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Organisation, User
from municipality.cases.models import Case
from municipality.kernel import ids
from shops.models import Shop


class TransferOutcome(models.TextChoices):
    AGREED = "agreed", _("Agreed")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Taken back by the present holder")
    LAPSED = "lapsed", _("Not answered in time")


class LicenceTransfer(models.Model):
    """One wish to pass a shop with its licence on to the person with a civil number, of which only the keyed hash and a mask are kept.

    `outcome` is empty until that person answers (`signer`), for themselves or for an `organisation` that they sign for, or until it is
    taken back or its time runs out. With the agreement the request begins: `case`, whose applicant is the signer. `told_at` is when the
    present holder was told that the request ended without a licence.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="+", verbose_name=_("shop"))
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    holder_key = models.CharField(_("present holder"), max_length=80)
    to_digest = models.CharField(max_length=64, editable=False)
    to_masked = models.CharField(_("civil number of the new holder"), max_length=12)
    asked_at = models.DateTimeField(_("asked at"))
    expires_at = models.DateTimeField(_("to be answered by"))
    outcome = models.CharField(_("answer"), max_length=10, choices=TransferOutcome, blank=True, default="")
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    signer = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("new holder"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("organisation"))
    case = models.OneToOneField(Case, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("request"))
    told_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("transfer of a licence")
        verbose_name_plural = _("transfers of licences")
        constraints = [
            models.UniqueConstraint(fields=["shop"], condition=models.Q(outcome=""), name="licensing_transfer_waits_once"),
            models.CheckConstraint(
                condition=models.Q(outcome="", answered_at__isnull=True, signer__isnull=True, organisation__isnull=True, case__isnull=True)
                | models.Q(outcome="agreed", answered_at__isnull=False, signer__isnull=False, case__isnull=False)
                | models.Q(organisation__isnull=True, case__isnull=True, answered_at__isnull=False)
                & (models.Q(outcome="declined", signer__isnull=False) | models.Q(outcome__in=["withdrawn", "lapsed"], signer__isnull=True)),
                name="licensing_transfer_outcome",
            ),
        ]
        indexes = [models.Index(fields=["to_digest"], condition=models.Q(outcome=""), name="licensing_transfer_asked")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def key(self) -> str:
        return f"transfer:{self.public_id}"

    @property
    def holder(self) -> User | Organisation:
        """Who is to hold the shop, once they agreed. Raises ValueError before."""
        holder = self.organisation or self.signer
        if holder is None:
            raise ValueError("nobody agreed")
        return holder
