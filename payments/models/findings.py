"""What people found at the bank about a payment under review. Amounts are whole fils."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.kernel import ids, money
from payments.models.money import Attempt


class PaymentFinding(models.Model):
    """Whether the bank took money for a payment under review, and how much: found by one person, confirmed or not by a second.

    Closed without a decision where an answer of the bank ended the review before.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="findings", verbose_name=_("attempt"))
    is_taken = models.BooleanField(_("taken by the bank"))
    fils = models.BigIntegerField(_("taken, in fils"), null=True, blank=True)
    bank_reference = models.CharField(_("bank reference"), max_length=40)
    proof = models.CharField(_("what the bank says"), max_length=500)
    found_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("found by"))
    found_at = models.DateTimeField(_("found at"))
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    is_confirmed = models.BooleanField(_("confirmed"), default=False)
    closed_at = models.DateTimeField(_("closed by an answer of the bank at"), null=True, blank=True)

    class Meta:
        verbose_name = _("finding about a payment")
        verbose_name_plural = _("findings about payments")
        constraints = [
            models.CheckConstraint(
                condition=Q(is_taken=True, fils__gt=0, fils__lte=money.MAX_FILS) | Q(is_taken=False, fils__isnull=True),
                name="payments_finding_amount",
            ),
            models.CheckConstraint(condition=~Q(bank_reference="") & ~Q(proof=""), name="payments_finding_has_proof"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True, decided_at__isnull=True, is_confirmed=False)
                | Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("found_by")),
                name="payments_finding_two_people",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(decided_at__isnull=True), name="payments_finding_closed_undecided"
            ),
            models.UniqueConstraint(
                fields=["attempt"], condition=Q(decided_at__isnull=True, closed_at__isnull=True), name="payments_finding_one_open"
            ),
        ]

    def __str__(self) -> str:
        return str(self.attempt)
