"""Answers of the checklist, rounds of corrections, and decisions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.cases.models import Case


class CheckAnswer(models.Model):
    """An answer to one question of the checklist. Insert-only: the newest of a code counts."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="checks")
    code = models.CharField(_("item"), max_length=40)
    answer = models.CharField(_("answer given"), max_length=10, choices=[("yes", _("Yes")), ("no", _("No")), ("na", _("Does not apply"))])
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(answer__in=("yes", "no", "na")), name="review_check_answer")]
        indexes = [models.Index(fields=["case", "code", "-id"], name="review_check_newest")]

    def __str__(self) -> str:
        return f"{self.code} {self.answer}"


class CorrectionRound(models.Model):
    """One round of corrections. A later one that requests what could have been requested before needs a supervisor."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="rounds", verbose_name=_("request"))
    number = models.PositiveSmallIntegerField(_("round"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked for by"))
    asked_at = models.DateTimeField(_("asked for at"))
    answer_by = models.DateField(_("to be answered by"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed without an answer at"), null=True, blank=True)
    # The marks of all fields and files at the time of the round (`registry.Item.mark`).
    standing = models.JSONField(default=dict, blank=True)
    raises_old = models.BooleanField(_("asks for what could have been asked before"), default=False)
    second_code = models.CharField(_("reason for the second round"), max_length=40, blank=True)
    countersigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("countersigned by")
    )
    countersigned_at = models.DateTimeField(_("countersigned at"), null=True, blank=True)

    class Meta:
        verbose_name = _("round of corrections")
        verbose_name_plural = _("rounds of corrections")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="review_round_once"),
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(answered_at__isnull=True, closed_at__isnull=True), name="review_one_open_round"
            ),
            models.CheckConstraint(
                condition=models.Q(answered_at__isnull=True) | models.Q(closed_at__isnull=True), name="review_round_ends_once"
            ),
            models.CheckConstraint(
                condition=models.Q(countersigned_by__isnull=True) | ~models.Q(countersigned_by=models.F("asked_by")),
                name="review_round_two_people",
            ),
            models.CheckConstraint(
                condition=models.Q(raises_old=False)
                | (models.Q(number__gt=1, countersigned_by__isnull=False, countersigned_at__isnull=False) & ~models.Q(second_code="")),
                name="review_old_items_need_countersign",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} #{self.number}"


class CorrectionItem(models.Model):
    """One correction of a field or file, with the texts as they were sent."""

    round = models.ForeignKey(CorrectionRound, models.PROTECT, related_name="items")
    code = models.CharField(_("reason"), max_length=40)
    target = models.CharField(_("field or file"), max_length=40)
    text_ar = models.TextField()
    text_en = models.TextField()
    note_ar = models.CharField(_("addition in Arabic"), max_length=500, blank=True)
    note_en = models.CharField(_("addition in English"), max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "code", "target"], name="review_item_once"),
            models.CheckConstraint(
                condition=models.Q(note_ar="", note_en="") | (~models.Q(note_ar="") & ~models.Q(note_en="")),
                name="review_item_note_both_languages",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target}: {self.code}"


class Outcome(models.TextChoices):
    ACCEPT = "accept", _("Acceptance")
    REFUSE = "refuse", _("Refusal")
    SECOND_ROUND = "second_round", _("Second round of corrections")


# The columns that hold the second signer's answers, in the order of the questions (`review.signature`).
ANSWERS = ("is_proven", "article_applies", "is_beyond_correction", "says_what_next")


class Decision(models.Model):
    """A decision of an officer with its texts. A refusal, and a round that needs a supervisor, take effect when a second person signs."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="decisions", verbose_name=_("request"))
    outcome = models.CharField(_("decision"), max_length=20, choices=Outcome)
    code = models.CharField(_("reason"), max_length=40, blank=True)
    article_ar = models.CharField(_("article in Arabic"), max_length=160, blank=True)
    article_en = models.CharField(max_length=160, blank=True)
    text_ar = models.TextField(_("text in Arabic"), blank=True)
    text_en = models.TextField(blank=True)
    note_ar = models.CharField(_("addition in Arabic"), max_length=500, blank=True)
    note_en = models.CharField(max_length=500, blank=True)
    items = models.JSONField(default=list, blank=True)  # the corrections of a second round
    digest = models.CharField(max_length=64)  # see `services.desk.digest`
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by"))
    made_at = models.DateTimeField(_("decided at"))
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("signed by")
    )
    signed_at = models.DateTimeField(_("signed at"), null=True, blank=True)
    signed_digest = models.CharField(max_length=64, blank=True)
    # What the second signer answered about a refusal before signing it or sending it back; True speaks for the refusal.
    is_proven = models.BooleanField(_("the documents prove the reason"), null=True, blank=True)
    article_applies = models.BooleanField(_("the article applies to the facts"), null=True, blank=True)
    is_beyond_correction = models.BooleanField(_("a request for corrections is not enough"), null=True, blank=True)
    says_what_next = models.BooleanField(_("the text says what can be done next"), null=True, blank=True)
    voided_at = models.DateTimeField(_("voided at"), null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "decision")
        verbose_name_plural = _("decisions")
        constraints = [
            # After a signed second round the case gets another decision.
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(voided_at__isnull=True) & (~models.Q(outcome="second_round") | models.Q(signed_at__isnull=True)),
                name="review_one_decision",
            ),
            models.CheckConstraint(condition=models.Q(outcome__in=Outcome.values), name="review_decision_outcome"),
            models.CheckConstraint(
                condition=models.Q(outcome="accept") | (~models.Q(code="") & ~models.Q(text_ar="") & ~models.Q(text_en="")),
                name="review_refusal_has_reason",
            ),
            models.CheckConstraint(
                condition=~models.Q(outcome="refuse") | (~models.Q(article_ar="") & ~models.Q(article_en="")),
                name="review_refusal_has_article",
            ),
            models.CheckConstraint(
                condition=models.Q(signed_by__isnull=True, signed_at__isnull=True, signed_digest="")
                | (models.Q(signed_by__isnull=False, signed_at__isnull=False) & ~models.Q(signed_by=models.F("made_by"))),
                name="review_decision_two_people",
            ),
            models.CheckConstraint(
                condition=models.Q(signed_digest="") | models.Q(signed_digest=models.F("digest")), name="review_signature_fits_words"
            ),
            models.CheckConstraint(
                condition=models.Q(note_ar="", note_en="") | (~models.Q(note_ar="") & ~models.Q(note_en="")),
                name="review_decision_note_both_languages",
            ),
            models.CheckConstraint(
                condition=models.Q(**{f"{name}__isnull": True for name in ANSWERS})
                | models.Q(outcome="refuse", **{f"{name}__isnull": False for name in ANSWERS}),
                name="review_answers_all_or_none",
            ),
        ]
        # For the similar cases of a refusal that waits for its signature.
        indexes = [models.Index(fields=["code", "-id"], condition=models.Q(outcome="refuse"), name="review_decision_refusals")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.case_id}"

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None
