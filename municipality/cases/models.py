"""Cases, their events, and the blocks that stop services."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.accounts.models import Organisation
from municipality.audit.models import StateEvent
from municipality.kernel import clock, ids
from municipality.kernel.subjects import SubjectKey
from municipality.kernel.workflow import WORKFLOWS
from municipality.places.models import Branch


class FiledBy(models.TextChoices):
    APPLICANT = "applicant", _("by the applicant")
    DELEGATE = "delegate", _("by a delegate")
    ASSISTANT = "assistant", _("assisted by staff")


class Case(models.Model):
    """One request of one person about one subject. Its service's workflow names the states; `services.advance` moves it."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    reference = models.CharField(_("reference"), max_length=30, unique=True)
    service = models.CharField(_("service"), max_length=60)
    subject = models.CharField(_("subject"), max_length=80)
    # The subject that a delegation must cover where it is not the case's own: the shop of a violation that is objected to, the
    # organisation that claims a shop.
    held_under = models.CharField(_("subject of the right to act"), max_length=80, blank=True, default="")
    title_ar = models.CharField(_("title in Arabic"), max_length=160)
    title_en = models.CharField(_("title in English"), max_length=160)
    applicant = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="cases", verbose_name=_("applicant"))
    # Whose request it is, where the applicant sent it for an organisation: it stays with whoever signs for that.
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("organisation")
    )
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    filed_by = models.CharField(_("filed by"), max_length=10, choices=FiledBy, default=FiledBy.APPLICANT)
    state = models.CharField(_("state"), max_length=40)
    is_open = models.BooleanField(pgettext_lazy("field", "open"), default=True)
    last_event = models.ForeignKey("CaseEvent", models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed on"), null=True, blank=True)
    due_on = models.DateField(_("promised day"), null=True, blank=True)
    # The editions the case is judged by and the values used, hashed.
    editions = models.JSONField(default=list)
    snapshot = models.JSONField(default=list)
    snapshot_hash = models.CharField(max_length=64)

    EVENTS: ClassVar[Any]

    class Meta:
        verbose_name = pgettext_lazy("model", "request")
        verbose_name_plural = _("requests")
        constraints = [
            models.CheckConstraint(condition=models.Q(filed_by__in=FiledBy.values), name="cases_filed_by"),
            models.UniqueConstraint(fields=["service", "subject"], condition=models.Q(is_open=True), name="cases_one_open_case"),
            models.CheckConstraint(
                condition=models.Q(is_open=True, closed_at__isnull=True) | models.Q(is_open=False, closed_at__isnull=False),
                name="cases_closed_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["applicant", "-id"], name="cases_applicant"),
            models.Index(fields=["organisation", "-id"], name="cases_organisation", condition=models.Q(organisation__isnull=False)),
            models.Index(fields=["service", "closed_at"], name="cases_service_closed"),
            models.Index(fields=["subject"], name="cases_subject"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def workflow_name(self) -> str:
        return self.service

    @property
    def key(self) -> str:
        return f"case:{self.public_id}"

    @property
    def rights_key(self) -> str:
        """The subject that a delegation must cover."""
        return self.held_under or self.subject

    @property
    def holder_key(self) -> str:
        """The key of whose request it is: the holder of the documents issued for it."""
        if self.organisation is not None:
            return str(SubjectKey("organisation", self.organisation.public_id))
        return self.applicant.key

    @property
    def is_assisted(self) -> bool:
        """Whether a member of staff sent it in for the applicant."""
        return self.filed_by == FiledBy.ASSISTANT

    @property
    def is_final(self) -> bool:
        return self.state in WORKFLOWS[self.service].finals

    @property
    def is_late(self) -> bool:
        return self.is_open and self.due_on is not None and self.due_on < clock.today()


class CaseEvent(StateEvent):
    subject = models.ForeignKey(Case, models.PROTECT, related_name="events")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("course of the request")
        indexes = [models.Index(fields=["subject", "id"], name="cases_event_subject")]


Case.EVENTS = CaseEvent


class Effect(models.TextChoices):
    STOP = "stop", _("Stops")
    REVIEW = "review", _("Refers to an officer")


class Block(models.Model):
    """A service that a subject cannot use: an unpaid settlement blocks the renewals that the rulebook names.

    With the effect `review` nothing is blocked, but an officer decides.
    """

    subject = models.CharField(_("subject"), max_length=80)
    ground = models.CharField(_("reason"), max_length=60)
    source = models.CharField(_("source"), max_length=80)
    stops = models.CharField(_("stops"), max_length=60)
    effect = models.CharField(_("effect"), max_length=10, choices=Effect, default=Effect.STOP)
    sentence_ar = models.CharField(_("statement in Arabic"), max_length=300)
    sentence_en = models.CharField(_("statement in English"), max_length=300)
    placed_at = models.DateTimeField(_("placed at"))
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "source", "stops"], condition=models.Q(lifted_at__isnull=True), name="cases_block_once"
            ),
            models.CheckConstraint(condition=models.Q(effect__in=Effect.values), name="cases_block_effect"),
        ]
        indexes = [models.Index(fields=["subject"], condition=models.Q(lifted_at__isnull=True), name="cases_block_standing")]
        verbose_name = _("service block")
        verbose_name_plural = _("service blocks")

    def __str__(self) -> str:
        return f"{self.subject}: {self.ground}"


class Figure(models.Model):
    """How long studied cases took lately: median and ninetieth percentile in whole working days, recomputed every five minutes."""

    service = models.CharField(max_length=60, primary_key=True)
    count = models.PositiveIntegerField()
    half = models.PositiveIntegerField()
    ninety = models.PositiveIntegerField()
    late = models.PositiveSmallIntegerField()  # per cent
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.service


class Ease(models.IntegerChoices):
    """How easy a person found it."""

    VERY_EASY = 5, _("Very easy")
    EASY = 4, _("Easy")
    NEITHER = 3, _("Neither easy nor hard")
    HARD = 2, _("Hard")
    VERY_HARD = 1, _("Very hard")


class Feedback(models.Model):
    """How easy a person found sending a request or a report, or paying: one answer, never changed. No page of the public shows it."""

    subject = models.CharField(_("subject"), max_length=80)  # the key of a case, a report or an attempt to pay
    service = models.CharField(_("service"), max_length=60)  # the workflow of the subject
    # Null for a visitor, who began the one payment without signing in, and for every report: it does not say who sent it.
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    ease = models.PositiveSmallIntegerField(_("ease"), choices=Ease)
    text = models.TextField(_("what they wrote"), blank=True)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("answer about a service")
        verbose_name_plural = _("answers about the services")
        constraints = [
            models.CheckConstraint(condition=models.Q(ease__in=Ease.values), name="cases_feedback_ease"),
            models.UniqueConstraint(fields=["subject", "person"], name="cases_feedback_once"),
            models.UniqueConstraint(fields=["subject"], condition=models.Q(person__isnull=True), name="cases_feedback_visitor_once"),
        ]
        indexes = [models.Index(fields=["service", "ease"], name="cases_feedback_service")]

    def __str__(self) -> str:
        return f"{self.pk}"  # not the subject: staff do not read whose answer it is
