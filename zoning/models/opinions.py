"""Formal opinions: the question with the instant answer of its day, drafts, consulted bodies, and rules to look at."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.rulebook.models import Activity
from zoning.models.plots import Plot


class Asker(models.TextChoices):
    OWNER = "owner", _("The owner, or a tenant with a contract")
    OFFICE = "office", _("An engineering office, for the owner")
    BODY = "body", _("A ministry or another body, with its letter")


class OpinionOutcome(models.TextChoices):
    """Outcomes of an opinion: three for an activity, two for the question what may be built. An instant answer may lack data for both."""

    PERMITTED = "permitted", _("Permitted")
    CONDITIONAL = "conditional", _("Permitted with conditions")
    NOT_PERMITTED = "not_permitted", _("Not permitted")
    LIMITS = "limits", _("The published building limits apply")
    OTHER_LIMITS = "other_limits", _("Other building limits apply")
    NO_DATA = "no_data", _("No data")


FOR_ACTIVITY = (OpinionOutcome.PERMITTED, OpinionOutcome.CONDITIONAL, OpinionOutcome.NOT_PERMITTED)
FOR_BUILDING = (OpinionOutcome.LIMITS, OpinionOutcome.OTHER_LIMITS)
A_YES = (OpinionOutcome.PERMITTED, OpinionOutcome.CONDITIONAL)


class Opinion(models.Model):
    """One request for a formal opinion; its state is that of its case.

    Without an activity it asks what may be built. `instant_*` is the answer of the day of the request with its grounds in both
    languages, `activity_group` and `land_class` are those of the rules that gave it, `longitude` and `latitude` are of the middle of the
    plot (WGS 84). `first` is the opinion that this one replaces, once it is issued, after an objection; both have the same documents.
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="+", verbose_name=_("request"))
    plot = models.ForeignKey(Plot, models.PROTECT, related_name="+", verbose_name=_("plot"))
    asker = models.CharField(_("who asks"), max_length=10, choices=Asker)
    activity = models.ForeignKey(Activity, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("activity"))
    floor = models.SmallIntegerField(_("floor"), null=True, blank=True)
    instant_outcome = models.CharField(_("instant answer"), max_length=15, choices=OpinionOutcome)
    instant_grounds = models.JSONField(_("grounds of the instant answer"), default=list)
    instant_edition = models.CharField(_("edition of the rules"), max_length=60, blank=True)
    activity_group = models.CharField(_("group of activities"), max_length=30, blank=True)
    land_class = models.CharField(_("class of land use"), max_length=30, blank=True)
    longitude = models.FloatField()
    latitude = models.FloatField()
    files_key = models.CharField(max_length=60, db_index=True)
    first = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="later", verbose_name=_("opinion objected to"))
    document = models.OneToOneField(Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("document"))

    class Meta:
        verbose_name = _("zoning opinion")
        verbose_name_plural = _("zoning opinions")
        constraints = [
            models.CheckConstraint(condition=models.Q(asker__in=Asker.values), name="zoning_opinion_asker"),
            models.CheckConstraint(condition=models.Q(instant_outcome__in=OpinionOutcome.values), name="zoning_opinion_instant"),
            models.CheckConstraint(
                condition=models.Q(activity__isnull=True, floor__isnull=True) | models.Q(activity__isnull=False, floor__isnull=False),
                name="zoning_opinion_question",
            ),
        ]
        indexes = [models.Index(fields=["activity_group", "land_class"], name="zoning_opinion_alike")]

    def __str__(self) -> str:
        return self.case.reference

    @property
    def outcomes(self) -> tuple[OpinionOutcome, ...]:
        """The outcomes that a draft may have."""
        return FOR_BUILDING if self.activity_id is None else FOR_ACTIVITY


class Agreement(models.TextChoices):
    AGREES = "agrees", _("Agrees")
    DEVIATES = "deviates", _("Deviates")
    COMPLETES = "completes", _("Decides what the data leave open")


class OpinionDraft(models.Model):
    """A draft of an opinion; insert only, the newest one counts.

    `agreement` is with the instant answer. `is_unlike` means that its outcome differs from those of most of the similar opinions. A draft
    that deviates, or is unlike, has the coded reason why.
    """

    opinion = models.ForeignKey(Opinion, models.PROTECT, related_name="drafts", verbose_name=_("zoning opinion"))
    outcome = models.CharField(_("outcome"), max_length=15, choices=OpinionOutcome)
    agreement = models.CharField(_("against the instant answer"), max_length=10, choices=Agreement)
    is_unlike = models.BooleanField(_("unlike most of the similar opinions"), default=False)
    code = models.CharField(_("reason"), max_length=40, blank=True)
    text_ar = models.TextField(_("text in Arabic"))
    text_en = models.TextField(_("text in English"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    made_at = models.DateTimeField(_("written at"))

    class Meta:
        verbose_name = _("draft of an opinion")
        verbose_name_plural = _("drafts of opinions")
        constraints = [
            models.CheckConstraint(condition=models.Q(outcome__in=[*FOR_ACTIVITY, *FOR_BUILDING]), name="zoning_draft_outcome"),
            models.CheckConstraint(condition=models.Q(agreement__in=Agreement.values), name="zoning_draft_agreement"),
            models.CheckConstraint(condition=~models.Q(text_ar="") & ~models.Q(text_en=""), name="zoning_draft_both_languages"),
            models.CheckConstraint(
                condition=~models.Q(code="") | (~models.Q(agreement="deviates") & models.Q(is_unlike=False)), name="zoning_draft_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opinion_id}: {self.outcome}"


class BodyAnswer(models.TextChoices):
    NO_OBJECTION = "no_objection", _("No objection")
    CONDITIONS = "conditions", _("No objection, with conditions")
    OBJECTION = "objection", _("Objection")


class Consultation(models.Model):
    """A question to another body about one request, with the words of the rulebook of that day.

    A body that has not answered by `due_at` is silent since `silent_at`; a later answer is recorded beside that.
    """

    opinion = models.ForeignKey(Opinion, models.PROTECT, related_name="consultations", verbose_name=_("zoning opinion"))
    code = models.CharField(_("code"), max_length=30)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    question_ar = models.CharField(_("question in Arabic"), max_length=200)
    question_en = models.CharField(_("question in English"), max_length=200)
    is_safety = models.BooleanField(_("about health or safety"), default=False)
    asked_at = models.DateTimeField(_("asked at"))
    due_at = models.DateTimeField(_("to answer by"))
    silent_at = models.DateTimeField(_("silent since"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=15, choices=BodyAnswer, blank=True)
    words = models.CharField(_("words of the answer"), max_length=500, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recorded by")
    )

    class Meta:
        verbose_name = _("consultation")
        verbose_name_plural = _("consultations")
        constraints = [
            models.UniqueConstraint(fields=["opinion", "code"], name="zoning_consultation_once"),
            models.CheckConstraint(condition=models.Q(answer__in=["", *BodyAnswer.values]), name="zoning_consultation_answer"),
            models.CheckConstraint(
                condition=models.Q(answer="", answered_at__isnull=True, recorded_by__isnull=True)
                | (~models.Q(answer="") & models.Q(answered_at__isnull=False, recorded_by__isnull=False)),
                name="zoning_consultation_recorded",
            ),
            models.CheckConstraint(
                condition=models.Q(silent_at__isnull=True) | models.Q(silent_at__gte=models.F("due_at")), name="zoning_consultation_silent"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(answered_at__isnull=True, silent_at__isnull=True), name="zoning_consultation_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.opinion_id}: {self.code}"


class RuleTask(models.Model):
    """A rule or layer to look at, because a signed opinion deviates from the instant answer: either it or the opinion is wrong."""

    opinion = models.OneToOneField(Opinion, models.PROTECT, related_name="task", verbose_name=_("zoning opinion"))
    code = models.CharField(_("reason"), max_length=40)
    edition = models.CharField(_("edition of the rules"), max_length=60, blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    due_on = models.DateField(_("to be done by"))
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("done by")
    )
    result = models.CharField(_("what was found"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("rule to look at")
        verbose_name_plural = _("rules to look at")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(done_at__isnull=True, done_by__isnull=True, result="")
                | (models.Q(done_at__isnull=False, done_by__isnull=False) & ~models.Q(result="")),
                name="zoning_task_done",
            )
        ]

    def __str__(self) -> str:
        return f"{self.opinion_id}: {self.code}"
