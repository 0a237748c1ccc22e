"""Editions of rules and their rows, immutable once a second person has published them."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.kernel import money
from municipality.rulebook import registry

# Editions that rules are read from: published, and not withdrawn before their first day.
PUBLISHED = models.Q(published_at__isnull=False, withdrawn_on__isnull=True)


class RuleSet(models.Model):
    """An edition of the rules of a subject: `fees.health` version 12, in force from `first_day`."""

    subject = models.CharField(_("subject"), max_length=40)
    version = models.PositiveIntegerField(_("edition"))
    instrument_ar = models.CharField(_("legal instrument in Arabic"), max_length=200)
    instrument_en = models.CharField(_("legal instrument in English"), max_length=200)
    first_day = models.DateField(_("in force from"))
    last_day = models.DateField(_("in force to"), null=True, blank=True)
    is_assumption = models.BooleanField(_("assumption"), default=False, help_text=_("What no text of law has confirmed yet."))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("prepared by"))
    made_at = models.DateTimeField(_("prepared at"))
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("published by")
    )
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)

    # Of a draft that the publisher sent back to its maker, until it is saved again.
    sent_back_at = models.DateTimeField(_("sent back at"), null=True, blank=True)
    sent_back_words = models.CharField(_("why it was sent back"), max_length=300, blank=True)

    # The proposal to withdraw a published edition before its first day, and who confirmed it; empty again where it was dropped.
    withdrawal_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("withdrawal proposed by")
    )
    withdrawal_at = models.DateTimeField(_("withdrawal proposed at"), null=True, blank=True)
    withdrawal_words = models.CharField(_("why it is to be withdrawn"), max_length=300, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("withdrawal confirmed by")
    )
    withdrawn_on = models.DateField(_("withdrawn on"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "version"], name="rulebook_ruleset_version"),
            models.CheckConstraint(
                condition=models.Q(published_by__isnull=True) | ~models.Q(published_by=models.F("made_by")),
                name="rulebook_two_people",
                violation_error_message=_("Whoever prepared an edition does not publish it."),
            ),
            models.CheckConstraint(
                condition=models.Q(published_by__isnull=True, published_at__isnull=True)
                | models.Q(published_by__isnull=False, published_at__isnull=False),
                name="rulebook_published_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(last_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")), name="rulebook_period"
            ),
            # A calendar applies to all days as soon as it is published.
            models.CheckConstraint(
                condition=models.Q(withdrawn_by__isnull=True, withdrawn_on__isnull=True)
                | ~models.Q(subject="calendar")
                & models.Q(withdrawn_by__isnull=False, withdrawn_on__lt=models.F("first_day"))
                & models.Q(published_at__isnull=False, withdrawal_by__isnull=False, withdrawal_at__isnull=False),
                name="rulebook_withdrawn_before_its_day",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_by__isnull=True) | ~models.Q(withdrawn_by=models.F("withdrawal_by")),
                name="rulebook_withdrawn_by_two",
            ),
        ]
        verbose_name = _("edition of the rules")
        verbose_name_plural = _("editions of the rules")

    def __str__(self) -> str:
        return f"{self.subject} v{self.version}"


# How the unit of a fee and of a limit reads after its number.
FEE_UNITS = {"year": _("per year"), "licence": _("per licence"), "opinion": _("per opinion")}
LIMIT_UNITS = {
    "minute": pgettext_lazy("unit", "minutes"),
    "hour": pgettext_lazy("unit", "hours"),
    "working_hour": pgettext_lazy("unit", "working hours"),
    "day": pgettext_lazy("unit", "days"),
    "working_day": pgettext_lazy("unit", "working days"),
    "month": pgettext_lazy("unit", "months"),
    "year": pgettext_lazy("unit", "years"),
    "percent": pgettext_lazy("unit", "per cent"),
    "metre": pgettext_lazy("unit", "metres"),
    "fils": pgettext_lazy("unit", "fils"),
    "each": pgettext_lazy("unit", "number"),
    "piece": pgettext_lazy("unit", "pieces"),
    "file": pgettext_lazy("unit", "files"),
    "megabyte": pgettext_lazy("unit", "megabytes"),
    "bit": pgettext_lazy("unit", "bits"),
    "report": pgettext_lazy("unit", "reports"),
    "visit": pgettext_lazy("unit", "visits"),
    "check": pgettext_lazy("unit", "checks"),
    "instalment": pgettext_lazy("unit", "instalments"),
    "yes_no": pgettext_lazy("unit", "1 for yes, 0 for no"),
}


class FeeRule(models.Model):
    """An amount in fils per unit, with its article."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="fees")
    code = models.CharField(_("code"), max_length=40)
    label_ar = models.CharField(_("label in Arabic"), max_length=120)
    label_en = models.CharField(_("label in English"), max_length=120)
    article_ar = models.CharField(_("article in Arabic"), max_length=120)
    article_en = models.CharField(_("article in English"), max_length=120)
    fils = models.PositiveBigIntegerField(_("amount in fils"))
    unit = models.CharField(_("unit"), max_length=20, choices=FEE_UNITS)
    revenue_account = models.CharField(_("revenue account"), max_length=20)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_fee_once"),
            models.CheckConstraint(condition=~models.Q(article_ar="") & ~models.Q(article_en=""), name="rulebook_fee_has_article"),
        ]
        verbose_name = _("fee")
        verbose_name_plural = _("fees")

    def __str__(self) -> str:
        return self.code


class LimitRule(models.Model):
    """A number with its unit: days of a window, years of validity, promised working days."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="limits")
    code = models.CharField(_("code"), max_length=40)
    value = models.PositiveIntegerField(_("value"))
    unit = models.CharField(_("unit"), max_length=20, choices=LIMIT_UNITS)
    article_ar = models.CharField(_("article in Arabic"), max_length=160)
    article_en = models.CharField(_("article in English"), max_length=160)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_limit_once")]
        verbose_name = _("limit")
        verbose_name_plural = _("limits")

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """Raises ValidationError for a value above what the app of its subject can keep."""
        most = registry.HIGHEST.get(f"{self.ruleset.subject}:{self.code}")
        if most is not None and self.value is not None and self.value > most:
            sentence = _(
                "This limit can be %(most)s at most. The database refuses anything higher, so the portal could not keep the promise."
            )
            raise ValidationError({"value": sentence % {"most": most}})


class ConditionRule(models.Model):
    """A condition printed on a licence."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="conditions")
    order = models.PositiveSmallIntegerField(_("order"))
    text_ar = models.CharField(_("text in Arabic"), max_length=300)
    text_en = models.CharField(_("text in English"), max_length=300)
    article_ar = models.CharField(_("article in Arabic"), max_length=160)
    article_en = models.CharField(_("article in English"), max_length=160)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruleset", "order"], name="rulebook_condition_once")]
        ordering = ["order"]
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")

    def __str__(self) -> str:
        return self.text_ar


class ReasonKind(models.TextChoices):
    CORRECTION = "correction", pgettext_lazy("choice", "Correction")
    REFUSAL = "refusal", _("Refusal")
    GIVE_BACK = "give_back", _("Return to the queue")
    OVERRIDE = "override", pgettext_lazy("choice", "Ahead of its turn")
    SECOND_ROUND = "second_round", _("Second round of corrections")
    SEND_BACK = "send_back", _("Return to the officer")
    REFUND = "refund", _("Refund")
    LEDGER = "ledger", _("Correction of a posting")
    EXCEPTION = "exception", _("Difference of the daily match")
    GROUND = "ground", _("Ground of an objection")
    ANNULMENT = "annulment", _("Annulment of a violation report")
    WAIVER = "waiver", _("Waiver or reduction")
    CORRECTION_PROOF = "correction_proof", _("Refusal of a proof of correction")
    STOP_LIFT = "stop_lift", _("Lifting of a service block")
    WRITER_ANNULMENT = "writer_annulment", _("Annulment by the writer of the report")
    DEVIATION = "deviation", _("Deviation of an opinion")
    SECOND_SIGNATURE = "second_signature", _("Second signature")
    NEW_STUDY = "new_study", _("New study after an objection")
    VISIT_MOVED = "visit_moved", _("Move of an inspection")
    MEASURE = "measure", _("Measure against a shop")
    REPORT_RESULT = "report_result", _("Result of a report")
    REPORT_HIDDEN = "report_hidden", _("Hiding something of a report")
    REPORT_STEP = "report_step", _("Step of a report")
    REPORT_BAN = "report_ban", _("Stop of reporting")


class ReportFinding(models.TextChoices):
    """What a result, or a reason to hide something, says of the report."""

    RIGHT = "right", _("The report was right")
    UNFOUNDED = "unfounded", _("The report was unfounded")
    ABUSIVE = "abusive", _("The report was an abuse")


class ReasonRule(models.Model):
    """A coded reason with the text that a person receives, and its article.

    A correction may name the field or file it concerns (`target`); where that is empty, the officer chooses. A result of a report, or a
    reason to hide something of it, may say what the report was (`counts_as`); where that is empty, it says nothing.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="reasons")
    code = models.CharField(_("code"), max_length=40)
    kind = models.CharField(_("kind"), max_length=20, choices=ReasonKind)
    target = models.CharField(_("field or file"), max_length=40, blank=True)
    label_ar = models.CharField(_("label in Arabic"), max_length=120)
    label_en = models.CharField(_("label in English"), max_length=120)
    text_ar = models.TextField(_("text of the answer in Arabic"))
    text_en = models.TextField(_("text of the answer in English"))
    article_ar = models.CharField(_("article in Arabic"), max_length=160, blank=True)
    article_en = models.CharField(_("article in English"), max_length=160, blank=True)
    counts_as = models.CharField(_("what it says of the report"), max_length=10, choices=ReportFinding, blank=True)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_reason_once"),
            models.CheckConstraint(condition=~models.Q(text_ar="") & ~models.Q(text_en=""), name="rulebook_reason_both_languages"),
            models.CheckConstraint(
                condition=~models.Q(kind="refusal") | (~models.Q(article_ar="") & ~models.Q(article_en="")),
                name="rulebook_refusal_has_article",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=ReasonKind.values), name="rulebook_reason_kind"),
            models.CheckConstraint(
                condition=models.Q(counts_as="")
                | models.Q(counts_as__in=ReportFinding.values, kind__in=[ReasonKind.REPORT_RESULT, ReasonKind.REPORT_HIDDEN]),
                name="rulebook_reason_counts_as",
                violation_error_message=_("Only a result of a report, or a reason to hide something of it, says what the report was."),
            ),
        ]
        verbose_name = _("reason and text of the answer")
        verbose_name_plural = _("reasons and texts of the answers")

    def __str__(self) -> str:
        return self.code


class CheckRule(models.Model):
    """One question of the officer's checklist, with its article."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="checks")
    code = models.CharField(_("code"), max_length=40)
    order = models.PositiveSmallIntegerField(_("order"))
    text_ar = models.CharField(_("question in Arabic"), max_length=200)
    text_en = models.CharField(_("question in English"), max_length=200)
    article_ar = models.CharField(_("article in Arabic"), max_length=160)
    article_en = models.CharField(_("article in English"), max_length=160)
    # Shown only where this fact changed or this flag is set; empty means always.
    about = models.CharField(_("when this changes"), max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_check_once"),
            models.UniqueConstraint(fields=["ruleset", "order"], name="rulebook_check_order"),
        ]
        ordering = ["order"]
        verbose_name = _("item of the checklist")
        verbose_name_plural = _("checklist")

    def __str__(self) -> str:
        return self.code


class OffenceUnit(models.TextChoices):
    """What the settlement amount is multiplied by."""

    EACH = "each", _("per violation")
    PIECE = "piece", _("per piece")
    WORKER = "worker", _("per worker")
    M2 = "m2", _("per m²")
    M2_MONTH = "m2_month", _("per m² and month")


class Blocks(models.TextChoices):
    """Whose services an unpaid sum stops."""

    NOBODY = "nobody", _("Nobody")
    SHOP = "shop", _("This shop")
    PERSON = "person", _("All shops of the party")


class OffenceRule(models.Model):
    """One offence: its article, the range of the fine, the settlement, the time to correct it and the services it blocks.

    Amounts are fils. The range is for the court and only shown; without `settlement_fils` the violation goes to the court.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="offences")
    code = models.CharField(_("code"), max_length=20)
    name_ar = models.CharField(_("offence in Arabic"), max_length=160)
    name_en = models.CharField(_("offence in English"), max_length=160)
    article_ar = models.CharField(_("article in Arabic"), max_length=200)
    article_en = models.CharField(_("article in English"), max_length=200)
    band_min_fils = models.PositiveBigIntegerField(_("lowest fine in fils"), null=True, blank=True)
    band_max_fils = models.PositiveBigIntegerField(_("highest fine in fils"), null=True, blank=True)
    band_unit = models.CharField(_("unit of the fine"), max_length=10, choices=OffenceUnit, default=OffenceUnit.EACH)
    settlement_fils = models.PositiveBigIntegerField(_("settlement in fils"), null=True, blank=True)
    unit = models.CharField(_("unit of the settlement"), max_length=10, choices=OffenceUnit, default=OffenceUnit.EACH)
    # Calendar days to correct the offence before a violation report is written; 0 writes it at once.
    correction_days = models.PositiveSmallIntegerField(_("days for the correction"), default=0)
    # The same offence by the same party within `repeat_days` costs `repeat_percent` of the amount.
    repeat_days = models.PositiveSmallIntegerField(_("period of repetition in days"), default=0)
    repeat_percent = models.PositiveSmallIntegerField(_("percentage of the amount for a repetition"), default=100)
    blocks = models.CharField(_("stops the services of"), max_length=10, choices=Blocks, default=Blocks.SHOP)
    revenue_account = models.CharField(_("revenue account"), max_length=20)
    # What people call it, in both languages, separated by commas: the inspector's search finds the offence by these words too.
    words = models.CharField(_("everyday words"), max_length=400, blank=True)
    is_assumption = models.BooleanField(_("assumption"), default=False)

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
        verbose_name = _("offence of the by-law")
        verbose_name_plural = _("schedule of offences")

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """Raises ValidationError for a settlement that no payment could take when it is repeated."""
        if self.settlement_fils and self.repeat_percent and self.settlement_fils * self.repeat_percent > 100 * money.MAX_FILS:
            sentence = _("With the percentage for a repetition this is above %(most)s dinars, the most that one payment can take.")
            raise ValidationError({"settlement_fils": sentence % {"most": money.to_display(money.MAX_FILS)}})
