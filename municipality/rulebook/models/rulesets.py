"""Editions of rules and their rows, immutable once a second person has published them."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class RuleSet(models.Model):
    """An edition of the rules of a subject: `fees.health` version 12, in force from `first_day`."""

    subject = models.CharField("الموضوع", max_length=40)
    version = models.PositiveIntegerField("الإصدار")
    instrument_ar = models.CharField("الأداة القانونية", max_length=200)
    instrument_en = models.CharField("الأداة القانونية بالإنجليزية", max_length=200)
    first_day = models.DateField("نافذ من")
    last_day = models.DateField("نافذ إلى", null=True, blank=True)
    is_assumption = models.BooleanField("افتراض", default=False, help_text="ما لم يثبت نصه في القانون")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="أعده")
    made_at = models.DateTimeField("أعد في")
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name="نشره")
    published_at = models.DateTimeField("نشر في", null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "version"], name="rulebook_ruleset_version"),
            models.CheckConstraint(
                condition=models.Q(published_by__isnull=True) | ~models.Q(published_by=models.F("made_by")),
                name="rulebook_two_people",
                violation_error_message="لا ينشر الإصدارَ من أعدّه.",
            ),
            models.CheckConstraint(
                condition=models.Q(published_by__isnull=True, published_at__isnull=True)
                | models.Q(published_by__isnull=False, published_at__isnull=False),
                name="rulebook_published_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(last_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")), name="rulebook_period"
            ),
        ]
        verbose_name = "إصدار قواعد"
        verbose_name_plural = "إصدارات القواعد"

    def __str__(self) -> str:
        return f"{self.subject} v{self.version}"


class FeeRule(models.Model):
    """An amount in fils per unit, with its article."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="fees")
    code = models.CharField("الرمز", max_length=40)
    label_ar = models.CharField("البيان", max_length=120)
    label_en = models.CharField("البيان بالإنجليزية", max_length=120)
    article_ar = models.CharField("المادة", max_length=120)
    article_en = models.CharField("المادة بالإنجليزية", max_length=120)
    fils = models.PositiveBigIntegerField("المبلغ بالفلس")
    unit = models.CharField("الوحدة", max_length=20)
    revenue_account = models.CharField("حساب الإيراد", max_length=20)
    is_assumption = models.BooleanField("افتراض", default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_fee_once"),
            models.CheckConstraint(condition=~models.Q(article_ar="") & ~models.Q(article_en=""), name="rulebook_fee_has_article"),
        ]
        verbose_name = "رسم"
        verbose_name_plural = "الرسوم"

    def __str__(self) -> str:
        return self.code


class LimitRule(models.Model):
    """A number with its unit: days of a window, years of validity, promised working days."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="limits")
    code = models.CharField("الرمز", max_length=40)
    value = models.PositiveIntegerField("القيمة")
    unit = models.CharField("الوحدة", max_length=20)
    article_ar = models.CharField("المادة", max_length=160)
    article_en = models.CharField("المادة بالإنجليزية", max_length=160)
    is_assumption = models.BooleanField("افتراض", default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_limit_once")]
        verbose_name = "حد"
        verbose_name_plural = "الحدود"

    def __str__(self) -> str:
        return self.code


class ConditionRule(models.Model):
    """A condition printed on a licence."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="conditions")
    order = models.PositiveSmallIntegerField("الترتيب")
    text_ar = models.CharField("النص", max_length=300)
    text_en = models.CharField("النص بالإنجليزية", max_length=300)
    article_ar = models.CharField("المادة", max_length=160)
    article_en = models.CharField("المادة بالإنجليزية", max_length=160)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruleset", "order"], name="rulebook_condition_once")]
        ordering = ["order"]
        verbose_name = "شرط"
        verbose_name_plural = "الشروط"

    def __str__(self) -> str:
        return self.text_ar


class ReasonKind(models.TextChoices):
    CORRECTION = "correction", "استكمال"
    REFUSAL = "refusal", "رفض"
    GIVE_BACK = "give_back", "إعادة إلى الطابور"
    OVERRIDE = "override", "تجاوز الترتيب"
    SECOND_ROUND = "second_round", "جولة استكمال ثانية"
    SEND_BACK = "send_back", "إعادة إلى الموظف"
    REFUND = "refund", "رد مبلغ"
    LEDGER = "ledger", "تصحيح قيد"
    EXCEPTION = "exception", "فرق في المطابقة"
    GROUND = "ground", "سبب اعتراض"
    ANNULMENT = "annulment", "إلغاء محضر"
    WAIVER = "waiver", "إعفاء أو تخفيض"
    CORRECTION_PROOF = "correction_proof", "رد إثبات التصحيح"
    STOP_LIFT = "stop_lift", "رفع وقف خدمات"
    WRITER_ANNULMENT = "writer_annulment", "إلغاء محرر المحضر له"


class ReasonRule(models.Model):
    """A coded reason with the text that a person receives, and its article.

    A correction may name the field or file it concerns (`target`); where that is empty, the officer chooses.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="reasons")
    code = models.CharField("الرمز", max_length=40)
    kind = models.CharField("النوع", max_length=20, choices=ReasonKind)
    target = models.CharField("الحقل أو الملف", max_length=40, blank=True)
    label_ar = models.CharField("البيان", max_length=120)
    label_en = models.CharField("البيان بالإنجليزية", max_length=120)
    text_ar = models.TextField("نص الرد")
    text_en = models.TextField("نص الرد بالإنجليزية")
    article_ar = models.CharField("المادة", max_length=160, blank=True)
    article_en = models.CharField("المادة بالإنجليزية", max_length=160, blank=True)
    is_assumption = models.BooleanField("افتراض", default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_reason_once"),
            models.CheckConstraint(condition=~models.Q(text_ar="") & ~models.Q(text_en=""), name="rulebook_reason_both_languages"),
            models.CheckConstraint(
                condition=~models.Q(kind="refusal") | (~models.Q(article_ar="") & ~models.Q(article_en="")),
                name="rulebook_refusal_has_article",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=ReasonKind.values), name="rulebook_reason_kind"),
        ]
        verbose_name = "سبب ونص رد"
        verbose_name_plural = "الأسباب ونصوص الردود"

    def __str__(self) -> str:
        return self.code


class CheckRule(models.Model):
    """One question of the officer's checklist, with its article."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="checks")
    code = models.CharField("الرمز", max_length=40)
    order = models.PositiveSmallIntegerField("الترتيب")
    text_ar = models.CharField("السؤال", max_length=200)
    text_en = models.CharField("السؤال بالإنجليزية", max_length=200)
    article_ar = models.CharField("المادة", max_length=160)
    article_en = models.CharField("المادة بالإنجليزية", max_length=160)
    # Shown only where this fact changed or this flag is set; empty means always.
    about = models.CharField("عند تغير", max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_check_once"),
            models.UniqueConstraint(fields=["ruleset", "order"], name="rulebook_check_order"),
        ]
        ordering = ["order"]
        verbose_name = "بند تدقيق"
        verbose_name_plural = "قائمة التدقيق"

    def __str__(self) -> str:
        return self.code


class OffenceUnit(models.TextChoices):
    """What the settlement amount is multiplied by."""

    EACH = "each", "للمخالفة الواحدة"
    PIECE = "piece", "للقطعة"
    M2 = "m2", "للمتر المربع"
    M2_MONTH = "m2_month", "للمتر المربع عن كل شهر"


class Blocks(models.TextChoices):
    """Whose services an unpaid sum stops."""

    NOBODY = "nobody", "لا أحد"
    SHOP = "shop", "هذا المحل"
    PERSON = "person", "كل محلات المخالف"


class OffenceRule(models.Model):
    """One offence: its article, the range of the fine, the settlement, the time to correct it and the services it blocks.

    Amounts are fils. The range is for the court and only shown; without `settlement_fils` the violation goes to the court.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="offences")
    code = models.CharField("الرمز", max_length=20)
    name_ar = models.CharField("المخالفة", max_length=160)
    name_en = models.CharField("المخالفة بالإنجليزية", max_length=160)
    article_ar = models.CharField("المادة", max_length=200)
    article_en = models.CharField("المادة بالإنجليزية", max_length=200)
    band_min_fils = models.PositiveBigIntegerField("أدنى الغرامة بالفلس", null=True, blank=True)
    band_max_fils = models.PositiveBigIntegerField("أعلى الغرامة بالفلس", null=True, blank=True)
    band_unit = models.CharField("وحدة الغرامة", max_length=10, choices=OffenceUnit, default=OffenceUnit.EACH)
    settlement_fils = models.PositiveBigIntegerField("مبلغ الصلح بالفلس", null=True, blank=True)
    unit = models.CharField("وحدة الصلح", max_length=10, choices=OffenceUnit, default=OffenceUnit.EACH)
    # Calendar days to correct the offence before a violation report is written; 0 writes it at once.
    correction_days = models.PositiveSmallIntegerField("مهلة التصحيح بالأيام", default=0)
    # The same offence by the same party within `repeat_days` costs `repeat_percent` of the amount.
    repeat_days = models.PositiveSmallIntegerField("مدة التكرار بالأيام", default=0)
    repeat_percent = models.PositiveSmallIntegerField("نسبة المبلغ عند التكرار", default=100)
    blocks = models.CharField("يوقف خدمات", max_length=10, choices=Blocks, default=Blocks.SHOP)
    revenue_account = models.CharField("حساب الإيراد", max_length=20)
    is_assumption = models.BooleanField("افتراض", default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_offence_once"),
            models.CheckConstraint(condition=~models.Q(article_ar="") & ~models.Q(article_en=""), name="rulebook_offence_has_article"),
            models.CheckConstraint(
                condition=models.Q(settlement_fils__isnull=True) | models.Q(settlement_fils__gt=0), name="rulebook_offence_settlement"
            ),
            models.CheckConstraint(
                condition=models.Q(band_min_fils__isnull=True, band_max_fils__isnull=True)
                | models.Q(band_min_fils__isnull=False, band_max_fils__gte=models.F("band_min_fils")),
                name="rulebook_offence_band",
            ),
            models.CheckConstraint(condition=models.Q(repeat_percent__gte=100), name="rulebook_offence_repeat"),
            models.CheckConstraint(condition=models.Q(unit__in=OffenceUnit.values), name="rulebook_offence_unit"),
            models.CheckConstraint(condition=models.Q(blocks__in=Blocks.values), name="rulebook_offence_blocks"),
        ]
        ordering = ["code"]
        verbose_name = "مخالفة في اللائحة"
        verbose_name_plural = "جدول المخالفات"

    def __str__(self) -> str:
        return self.code
