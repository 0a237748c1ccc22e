"""Queue entries, parties, overrides and assignments."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.audit.models import StateEvent
from municipality.cases.models import Case
from municipality.places.models import Branch
from municipality.review.states import QueueEntryState


class QueueEntry(models.Model):
    """The entry of a case in the queue; its primary key is its number, which the database gives in the order of arrival."""

    case = models.OneToOneField(Case, models.PROTECT, related_name="place", verbose_name=_("request"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    skill = models.CharField(_("field of work"), max_length=40)
    state = models.CharField(_("state"), max_length=20, choices=QueueEntryState, default=QueueEntryState.WAITING)
    last_event = models.ForeignKey("QueueEntryEvent", models.PROTECT, null=True, related_name="+")
    joined_at = models.DateTimeField(_("joined the queue at"))

    EVENTS: ClassVar[Any]
    workflow_name = "review.queueentry"

    class Meta:
        verbose_name = pgettext_lazy("model", "place in the queue")
        verbose_name_plural = _("places in the queue")
        constraints = [models.CheckConstraint(condition=models.Q(state__in=QueueEntryState.values), name="review_entry_state")]
        indexes = [
            models.Index(fields=["branch", "skill", "id"], condition=models.Q(state="waiting"), name="review_entry_waiting"),
            models.Index(fields=["state", "id"], condition=~models.Q(state="left"), name="review_entry_in"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class QueueEntryEvent(StateEvent):
    subject = models.ForeignKey(QueueEntry, models.PROTECT, related_name="events")

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="review_entry_event_subject"),
            # For pace and public figures, which count the decisions of some weeks.
            models.Index(fields=["at"], condition=models.Q(move="leave"), name="review_entry_event_left"),
        ]


QueueEntry.EVENTS = QueueEntryEvent


class Party(models.Model):
    """A party of a case (applicant, licensee, shop, manager), with which officers may have a conflict of interest."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="parties")
    key = models.CharField(max_length=80)
    role = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="review_party_once")]
        indexes = [models.Index(fields=["key"], name="review_party_key")]

    def __str__(self) -> str:
        return f"{self.role} {self.key}"


class Override(models.Model):
    """A case is assigned before its turn, for a coded reason, requested by one supervisor and allowed by another. Published."""

    place = models.OneToOneField(QueueEntry, models.PROTECT, related_name="override", verbose_name=_("place in the queue"))
    code = models.CharField(_("reason"), max_length=40)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("requested by"))
    asked_at = models.DateTimeField(_("asked on"))
    allowed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("allowed by")
    )
    allowed_at = models.DateTimeField(_("allowed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("place ahead of its turn")
        verbose_name_plural = _("places ahead of their turn")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(allowed_by__isnull=True) | ~models.Q(allowed_by=models.F("asked_by")), name="review_override_two_people"
            ),
            models.CheckConstraint(
                condition=models.Q(allowed_by__isnull=True, allowed_at__isnull=True)
                | models.Q(allowed_by__isnull=False, allowed_at__isnull=False),
                name="review_override_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.place_id}"


class Assignment(models.Model):
    """The assignment of a case to an officer. A case has one open assignment; an officer has one case open on the desk."""

    place = models.ForeignKey(QueueEntry, models.PROTECT, related_name="assignments", verbose_name=_("place in the queue"))
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("officer"))
    drawn_at = models.DateTimeField(_("handed out at"))
    override = models.ForeignKey(Override, models.PROTECT, related_name="+", null=True, blank=True)
    # False while the case waits for the applicant or a signature.
    on_desk = models.BooleanField(_("on the desk"), default=True)
    touched_at = models.DateTimeField(_("last work"))
    ended_at = models.DateTimeField(_("ended on"), null=True, blank=True)
    end_code = models.CharField(_("reason for the end"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [
            models.UniqueConstraint(fields=["place"], condition=models.Q(ended_at__isnull=True), name="review_one_officer"),
            models.UniqueConstraint(
                fields=["officer"], condition=models.Q(ended_at__isnull=True, on_desk=True), name="review_one_open_on_desk"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, end_code="") | (models.Q(ended_at__isnull=False) & ~models.Q(end_code="")),
                name="review_assignment_end_has_code",
            ),
            models.CheckConstraint(condition=models.Q(ended_at__isnull=True) | models.Q(on_desk=False), name="review_ended_is_off_desk"),
        ]
        indexes = [models.Index(fields=["officer", "-id"], name="review_assignment_officer")]

    def __str__(self) -> str:
        return f"{self.officer_id} ← {self.place_id}"
