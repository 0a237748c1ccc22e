"""The ledger: immutable postings with balanced entries, double entry."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.kernel import ids, money
from payments.models.money import Attempt, Bill, BillLine, Receipt
from payments.models.refunds import RefundDue


class PostingKind(models.TextChoices):
    SETTLE = "settle", _("Collection")
    OWE = "owe", _("Refund owed")
    REFUND = "refund", _("Refund")
    REVERSAL = "reversal", _("Reversal")
    CORRECTION = "correction", _("Correction of a posting")


class LedgerCorrection(models.Model):
    """A proposal to book an amount on another account; a second person approves it, which reverses the posting."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    posting = models.ForeignKey("LedgerPosting", models.PROTECT, related_name="corrections", verbose_name=_("posting"))
    from_account = models.CharField(_("from account"), max_length=20)
    to_account = models.CharField(_("to account"), max_length=20)
    code = models.CharField(_("reason code"), max_length=40)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("proposed by"))
    proposed_at = models.DateTimeField(_("proposed at"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)
    is_approved = models.BooleanField(_("approved"), default=False)

    class Meta:
        verbose_name = _("correction of a posting")
        verbose_name_plural = _("corrections of postings")
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")), name="payments_correction_two_people"
            ),
            models.CheckConstraint(
                condition=Q(is_approved=False) | Q(decided_by__isnull=False, decided_at__isnull=False), name="payments_correction_decided"
            ),
            models.CheckConstraint(
                condition=~Q(code="") & ~Q(to_account="") & ~Q(from_account=F("to_account")), name="payments_correction_moves"
            ),
            models.UniqueConstraint(fields=["posting"], condition=Q(decided_by__isnull=True), name="payments_correction_open_once"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def key(self) -> str:
        return f"correction:{self.public_id}"


class LedgerPosting(models.Model):
    """A booked event; `key` identifies it, so that it is booked once."""

    key = models.CharField(_("number"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=PostingKind)
    at = models.DateTimeField(_("at"))
    fils = models.BigIntegerField(_("amount in fils"))
    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="postings", verbose_name=_("payment attempt"))
    bill = models.ForeignKey(Bill, models.PROTECT, null=True, blank=True, related_name="postings", verbose_name=_("bill"))
    receipt = models.ForeignKey(Receipt, models.PROTECT, null=True, blank=True, related_name="postings", verbose_name=_("receipt"))
    refund = models.ForeignKey(RefundDue, models.PROTECT, null=True, blank=True, related_name="postings", verbose_name=_("amount due"))
    reversal_of = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reversal of")
    )
    correction = models.ForeignKey(
        LedgerCorrection, models.PROTECT, null=True, blank=True, related_name="made", verbose_name=_("correction")
    )
    reason = models.CharField(_("reason code"), max_length=60, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "posting")
        verbose_name_plural = _("ledger")
        constraints = [
            models.CheckConstraint(condition=Q(fils__gt=0, fils__lte=money.MAX_FILS), name="payments_posting_amount"),
            models.CheckConstraint(condition=Q(kind__in=PostingKind.values), name="payments_posting_kind"),
            models.CheckConstraint(condition=Q(kind="settle") | ~Q(reason=""), name="payments_posting_has_reason"),
            models.CheckConstraint(condition=~Q(kind="reversal") | Q(reversal_of__isnull=False), name="payments_reversal_of_what"),
            models.CheckConstraint(condition=~Q(kind="correction") | Q(correction__isnull=False), name="payments_corrected_by_what"),
        ]
        indexes = [models.Index(fields=["at"], name="payments_posting_at")]

    def __str__(self) -> str:
        return self.key

    @property
    def number(self) -> str:
        """The number of its receipt, else of its bill, else of its payment, by which the cash office knows it."""
        return str(self.receipt or self.bill or self.attempt.trackid)


class LedgerEntry(models.Model):
    """The debit or credit of one account in a posting."""

    posting = models.ForeignKey(LedgerPosting, models.PROTECT, related_name="entries")
    account = models.CharField(_("account"), max_length=20)
    debit_fils = models.BigIntegerField(_("debit in fils"), default=0)
    credit_fils = models.BigIntegerField(_("credit in fils"), default=0)
    line = models.ForeignKey(BillLine, models.PROTECT, null=True, blank=True, related_name="entries")

    class Meta:
        verbose_name = _("side of a posting")
        verbose_name_plural = _("sides of a posting")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(debit_fils__gt=0, credit_fils=0) | Q(debit_fils=0, credit_fils__gt=0), name="payments_entry_one_side"
            ),
            models.CheckConstraint(condition=~Q(account=""), name="payments_entry_account"),
        ]
        indexes = [models.Index(fields=["account"], name="payments_entry_account")]

    def __str__(self) -> str:
        return f"{self.posting_id}: {self.account}"
