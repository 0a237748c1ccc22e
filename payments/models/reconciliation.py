"""Settlement statements of the bank, and their differences from gateway and ledger."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from municipality.kernel import ids, money
from payments.models.ledger import LedgerCorrection, LedgerPosting
from payments.models.money import Attempt


class BankStatement(models.Model):
    """A file of the bank. Its lines count once a person has taken it."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    provider = models.CharField("البوابة", max_length=20)
    sha256 = models.CharField("بصمة الملف", max_length=64)
    file_name = models.CharField("اسم الملف", max_length=120)
    first_day = models.DateField("أول يوم")
    last_day = models.DateField("آخر يوم")
    count = models.PositiveIntegerField("عدد السطور")
    fils = models.BigIntegerField("الصافي بالفلس")
    loaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="رفعه")
    loaded_at = models.DateTimeField("رفع في")
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="أخذ به")
    taken_at = models.DateTimeField("أخذ به في", null=True, blank=True)
    dropped_at = models.DateTimeField("استبعد في", null=True, blank=True)

    class Meta:
        verbose_name = "كشف بنكي"
        verbose_name_plural = "كشوف البنك"
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
    CAPTURE = "capture", "تحصيل"
    REFUND = "refund", "رد مبلغ"


class StatementLine(models.Model):
    """A line of a statement. `fils` > 0 for both kinds."""

    statement = models.ForeignKey(BankStatement, models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField("السطر")
    kind = models.CharField("النوع", max_length=10, choices=LineKind)
    trackid = models.CharField("رقم التتبع", max_length=40)
    payment_id = models.CharField("رقم الدفع", max_length=40, blank=True)
    ref = models.CharField("المرجع البنكي", max_length=40, blank=True)
    fils = models.BigIntegerField("المبلغ بالفلس")
    day = models.DateField("اليوم")

    class Meta:
        verbose_name = "سطر في كشف"
        verbose_name_plural = "سطور الكشف"
        constraints = [
            models.UniqueConstraint(fields=["statement", "number"], name="payments_statementline_number"),
            models.CheckConstraint(condition=Q(fils__gt=0, fils__lte=money.MAX_FILS), name="payments_statementline_amount"),
            models.CheckConstraint(condition=Q(kind__in=LineKind.values), name="payments_statementline_kind"),
        ]
        indexes = [models.Index(fields=["trackid", "kind"], name="payments_statementline_track")]

    def __str__(self) -> str:
        return f"{self.statement_id}: {self.number}"


class DifferenceKind(models.TextChoices):
    MISSING_IN_LEDGER = "missing_in_ledger", "في كشف البنك وليس في الدفتر"
    MISSING_AT_BANK = "missing_at_bank", "في الدفتر وليس في كشف البنك"
    AMOUNT_DIFFERS = "amount_differs", "اختلاف المبلغ"
    DUPLICATE = "duplicate", "سطر مكرر لدى البنك"
    GATEWAY_DIFFERS = "gateway_differs", "اختلاف جواب البوابة"


class Difference(models.Model):
    """A difference between bank, gateway and ledger. `key_text` identifies it, so that it is listed once."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    key_text = models.CharField(max_length=100, unique=True)
    kind = models.CharField("النوع", max_length=20, choices=DifferenceKind)
    statement = models.ForeignKey(BankStatement, models.PROTECT, related_name="differences", verbose_name="الكشف")
    line = models.ForeignKey(StatementLine, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="السطر")
    attempt = models.ForeignKey(Attempt, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="محاولة الدفع")
    posting = models.ForeignKey(LedgerPosting, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="القيد")
    trackid = models.CharField("رقم التتبع", max_length=40)
    day = models.DateField("اليوم")
    bank_fils = models.BigIntegerField("لدى البنك بالفلس", default=0)
    ledger_fils = models.BigIntegerField("في الدفتر بالفلس", default=0)
    found_at = models.DateTimeField("ظهر في")
    # The end: by the portal when both sides agree at last, or proposed by one person and closed by another.
    code = models.CharField("سبب الإغلاق", max_length=40, blank=True)
    correction = models.ForeignKey(LedgerCorrection, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="التصحيح")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="المقترح"
    )
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="أغلقه")
    closed_at = models.DateTimeField("أغلق في", null=True, blank=True)

    class Meta:
        verbose_name = "فرق في المطابقة"
        verbose_name_plural = "فروق المطابقة"
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
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="كتبها")
    at = models.DateTimeField("في")
    text = models.CharField("الملاحظة", max_length=500)

    class Meta:
        verbose_name = "ملاحظة"
        verbose_name_plural = "الملاحظات"

    def __str__(self) -> str:
        return f"{self.difference_id}: {self.at}"
