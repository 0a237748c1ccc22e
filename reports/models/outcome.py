"""What became of a report: questions, hand-overs, results, the answer to "Solved?", and what it led to."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from licensing.models import Inspection
from municipality.kernel import ids
from municipality.places.models import Branch
from reports.models.photo import ReportPhoto
from reports.models.report import Report
from violations.models import Violation


class Question(models.Model):
    """A question of the inspector to the reporter, with its last day."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    report = models.ForeignKey(Report, models.PROTECT, related_name="questions", verbose_name=_("report"))
    text = models.TextField(_("question"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked at"))
    due_on = models.DateField(_("last day to answer"))
    answer = models.TextField(pgettext_lazy("field", "answer"), blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended without an answer at"), null=True, blank=True)

    class Meta:
        verbose_name = _("question to a reporter")
        verbose_name_plural = _("questions to reporters")
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="reports_question_text"),
            models.CheckConstraint(condition=Q(answer="") | Q(answered_at__isnull=False), name="reports_question_answered"),
            models.UniqueConstraint(
                fields=["report"], condition=Q(answered_at__isnull=True, ended_at__isnull=True), name="reports_question_one_open"
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(answered_at__isnull=True, ended_at__isnull=True), name="reports_question_due")
        ]

    def __str__(self) -> str:
        return self.public_id


class HandOver(models.Model):
    """A report that another body has to act on until a day, `back_on`, after which it comes back.

    Names and contact are those of the rulebook on that day.
    """

    report = models.ForeignKey(Report, models.PROTECT, related_name="hand_overs", verbose_name=_("report"))
    body = models.CharField(_("body"), max_length=20)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    contact = models.CharField(_("contact"), max_length=160)
    back_on = models.DateField(_("back on"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("handed over by"))
    made_at = models.DateTimeField(_("handed over at"))
    returned_at = models.DateTimeField(_("back since"), null=True, blank=True)

    class Meta:
        verbose_name = _("hand-over of a report")
        verbose_name_plural = _("hand-overs of reports")
        constraints = [
            models.CheckConstraint(
                condition=~Q(body="") & ~Q(name_ar="") & ~Q(name_en="") & ~Q(contact=""),
                name="reports_hand_over_whole",
            ),
            models.UniqueConstraint(fields=["report"], condition=Q(returned_at__isnull=True), name="reports_hand_over_one_open"),
        ]
        indexes = [models.Index(fields=["back_on"], condition=Q(returned_at__isnull=True), name="reports_hand_over_due")]

    def __str__(self) -> str:
        return f"{self.report_id}: {self.body}"


class Closure(models.Model):
    """The result of a report. `is_on_the_spot`: its photo was taken at the place shortly before; otherwise a second person signs.

    `code` and the two texts are those of the rulebook on that day. `distance_m` and `age_minutes` are measured by the portal.
    `signing_branch`: drawn by lot, where no supervisor of the branch of the report may sign.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    report = models.ForeignKey(Report, models.PROTECT, related_name="closures", verbose_name=_("report"))
    code = models.CharField(_("result"), max_length=40)
    text_ar = models.TextField(_("text in Arabic"))
    text_en = models.TextField(_("text in English"))
    note = models.TextField(_("note for the file"), blank=True)
    photo = models.ForeignKey(ReportPhoto, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("photo"))
    distance_m = models.PositiveIntegerField(_("metres from the place"), null=True, blank=True)
    age_minutes = models.PositiveIntegerField(_("minutes since the photo"), null=True, blank=True)
    is_on_the_spot = models.BooleanField(_("taken on the spot"))
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    closed_at = models.DateTimeField(_("written at"))
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("second signature")
    )
    signed_at = models.DateTimeField(_("signed at"), null=True, blank=True)
    signing_branch = models.ForeignKey(
        Branch, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("branch drawn for the second signature")
    )
    sent_back_at = models.DateTimeField(_("sent back at"), null=True, blank=True)

    class Meta:
        verbose_name = _("result of a report")
        verbose_name_plural = _("results of reports")
        constraints = [
            models.CheckConstraint(condition=~Q(code="") & ~Q(text_ar="") & ~Q(text_en=""), name="reports_closure_result"),
            models.CheckConstraint(
                condition=Q(is_on_the_spot=False) | Q(photo__isnull=False, distance_m__isnull=False, age_minutes__isnull=False),
                name="reports_closure_proof",
            ),
            models.CheckConstraint(condition=Q(signed_by__isnull=True) | ~Q(signed_by=F("closed_by")), name="reports_closure_two_people"),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True, signed_at__isnull=True) | Q(signed_by__isnull=False, signed_at__isnull=False),
                name="reports_closure_signed_whole",
            ),
        ]
        indexes = [models.Index(fields=["report", "id"], name="reports_closure_of")]

    def __str__(self) -> str:
        return f"{self.report_id}: {self.code}"


class SolvedAnswer(models.Model):
    """What a reporter said to one result: solved, as whose report it is, or not, which opens it again. Insert-only."""

    closure = models.ForeignKey(Closure, models.PROTECT, related_name="answers")
    is_solved = models.BooleanField(_("solved"))
    words = models.CharField(_("what is still there"), max_length=300, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("answer to the question whether it is solved")
        verbose_name_plural = _("answers to the question whether it is solved")
        constraints = [models.UniqueConstraint(fields=["closure", "is_solved"], name="reports_solved_answer_once")]

    def __str__(self) -> str:
        return f"{self.closure_id}: {self.is_solved}"


class ConsequenceKind(models.TextChoices):
    INSPECTION = "inspection", _("Inspection")
    VIOLATION = "violation", _("Warning or violation report")


class Consequence(models.Model):
    """What a report led to: an inspection of the shop, or a violation, which may begin as a warning. Insert-only."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="consequences", verbose_name=_("report"))
    kind = models.CharField(_("kind"), max_length=12, choices=ConsequenceKind)
    inspection = models.OneToOneField(Inspection, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("inspection"))
    violation = models.ForeignKey(
        Violation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=pgettext_lazy("model", "violation")
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("consequence of a report")
        verbose_name_plural = _("consequences of reports")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="inspection", inspection__isnull=False, violation__isnull=True)
                | Q(kind="violation", inspection__isnull=True, violation__isnull=False),
                name="reports_consequence_kind",
            ),
            models.UniqueConstraint(fields=["report", "violation"], name="reports_consequence_once"),
        ]
        indexes = [models.Index(fields=["violation"], name="reports_consequence_violation")]

    def __str__(self) -> str:
        return f"{self.report_id}: {self.kind}"
