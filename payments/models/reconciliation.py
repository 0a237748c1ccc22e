"""Settlement statements of the bank, and their differences from gateway and ledger."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.kernel import ids, money
from payments.models.ledger import LedgerCorrection, LedgerPosting
from payments.models.money import Attempt


class BankStatement(models.Model):
    """A file of the bank. Its lines count once a person has taken it."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    provider = models.CharField(_("gateway"), max_length=20)
    sha256 = models.CharField(_("hash of the file"), max_length=64)
    file_name = models.CharField(_("file name"), max_length=120)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    count = models.PositiveIntegerField(_("number of lines"))
    fils = models.BigIntegerField(_("net amount in fils"))
    loaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("loaded by"))
    loaded_at = models.DateTimeField(_("loaded at"))
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("taken over by")
    )
    taken_at = models.DateTimeField(_("taken over at"), null=True, blank=True)
    dropped_at = models.DateTimeField(_("dropped at"), null=True, blank=True)

    class Meta:
        verbose_name = _("bank statement")
        verbose_name_plural = _("bank statements")
        constraints = [
            models.UniqueConstraint(fields=["sha256"], condition=Q(dropped_at__isnull=True), name="payments_statement_once"),
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True) | Q(dropped_at__isnull=True), name="payments_statement_taken_or_dropped"
            ),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="payments_statement_days"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.first_day}"

    @property
    def key(self) -> str:
        return f"statement:{self.public_id}"


class LineKind(models.TextChoices):
    CAPTURE = "capture", _("Collection")
    REFUND = "refund", _("Refund")


class StatementLine(models.Model):
    """A line of a statement. `fils` > 0 for both kinds."""

    statement = models.ForeignKey(BankStatement, models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField(_("line"))
    kind = models.CharField(_("kind"), max_length=10, choices=LineKind)
    trackid = models.CharField(_("track ID"), max_length=40)
    payment_id = models.CharField(_("payment ID"), max_length=40, blank=True)
    ref = models.CharField(_("bank reference"), max_length=40, blank=True)
    fils = models.BigIntegerField(_("amount in fils"))
    day = models.DateField(_("day"))

    class Meta:
        verbose_name = _("line of a statement")
        verbose_name_plural = _("lines of a statement")
        constraints = [
            models.UniqueConstraint(fields=["statement", "number"], name="payments_statementline_number"),
            models.CheckConstraint(condition=Q(fils__gt=0, fils__lte=money.MAX_FILS), name="payments_statementline_amount"),
            models.CheckConstraint(condition=Q(kind__in=LineKind.values), name="payments_statementline_kind"),
        ]
        indexes = [models.Index(fields=["trackid", "kind"], name="payments_statementline_track")]

    def __str__(self) -> str:
        return f"{self.statement_id}: {self.number}"


class DifferenceKind(models.TextChoices):
    MISSING_IN_LEDGER = "missing_in_ledger", _("In the bank statement, not in the ledger")
    MISSING_AT_BANK = "missing_at_bank", _("In the ledger, not in the bank statement")
    AMOUNT_DIFFERS = "amount_differs", _("Amount differs")
    DUPLICATE = "duplicate", _("Line repeated by the bank")
    GATEWAY_DIFFERS = "gateway_differs", _("Answer of the gateway differs")


class Difference(models.Model):
    """A difference between bank, gateway and ledger. `key_text` identifies it, so that it is listed once."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    key_text = models.CharField(max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=DifferenceKind)
    statement = models.ForeignKey(BankStatement, models.PROTECT, related_name="differences", verbose_name=_("statement"))
    line = models.ForeignKey(StatementLine, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("line"))
    attempt = models.ForeignKey(Attempt, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("payment attempt"))
    posting = models.ForeignKey(LedgerPosting, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("posting"))
    trackid = models.CharField(_("track ID"), max_length=40)
    day = models.DateField(_("day"))
    bank_fils = models.BigIntegerField(_("at the bank, in fils"), default=0)
    ledger_fils = models.BigIntegerField(_("in the ledger, in fils"), default=0)
    found_at = models.DateTimeField(_("found at"))
    # The end: by the portal when both sides agree at last, or proposed by one person and closed by another.
    code = models.CharField(_("reason for closing"), max_length=40, blank=True)
    correction = models.ForeignKey(LedgerCorrection, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("correction"))
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("proposed by")
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    closed_at = models.DateTimeField(_("closed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("difference of the daily match")
        verbose_name_plural = _("differences of the daily match")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DifferenceKind.values), name="payments_difference_kind"),
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True) | Q(proposed_by__isnull=False) & ~Q(closed_by=F("proposed_by")),
                name="payments_difference_two_people",
            ),
            models.CheckConstraint(condition=Q(closed_at__isnull=True) | ~Q(code=""), name="payments_difference_closed_for_a_reason"),
        ]
        indexes = [models.Index(fields=["-id"], condition=Q(closed_at__isnull=True), name="payments_difference_open")]

    def __str__(self) -> str:
        return self.key_text

    @property
    def key(self) -> str:
        return f"difference:{self.public_id}"


class DifferenceNote(models.Model):
    """A note about a difference."""

    difference = models.ForeignKey(Difference, models.PROTECT, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    at = models.DateTimeField(_("at"))
    text = models.CharField(_("note"), max_length=500)

    class Meta:
        verbose_name = pgettext_lazy("model", "note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return f"{self.difference_id}: {self.at}"
