"""Delegations that a person gives to another, and consents of a person to staff for one purpose and a few minutes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Organisation
from municipality.audit.models import StateEvent
from municipality.delegation.states import DELEGATION, OPEN_STATES, DelegationState
from municipality.kernel import clock, ids
from municipality.kernel.subjects import SubjectKey
from municipality.places.models import Branch


class Role(models.TextChoices):
    DELEGATE = "delegate", _("Delegate")
    CLERK = "clerk", _("Clerk of the organisation")


class Delegation(models.Model):
    """The right of another person to act for the giver: for one shop or all shops of an organisation, in one service, until a day.

    The delegate is identified by civil number, stored as its keyed hash; `delegate` is set when they accept. `subject` is
    `shop:…` or `organisation:…`. A clerk acts for an organisation in every service. The right ends with the giver's own: what the
    giver may no longer do, the delegate may not do either.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="delegations_given", verbose_name=_("giver"))
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="delegations_held", verbose_name=_("delegate")
    )
    delegate_digest = models.CharField(max_length=64, editable=False)
    delegate_masked = models.CharField(_("civil number of the delegate"), max_length=12, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="delegations", verbose_name=_("organisation")
    )
    subject = models.CharField(_("subject"), max_length=80)
    service = models.CharField(_("service"), max_length=60, blank=True)  # empty: every service (a clerk)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.DELEGATE)
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))
    state = models.CharField(_("state"), max_length=20, choices=DelegationState, default=DelegationState.OFFERED)
    last_event = models.ForeignKey("DelegationEvent", models.PROTECT, null=True, related_name="+")
    offered_at = models.DateTimeField(_("offered on"))
    answer_by = models.DateField(_("to be accepted by"))
    closed_at = models.DateTimeField(_("ended on"), null=True, blank=True)

    EVENTS: ClassVar[Any]
    workflow_name = DELEGATION

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=DelegationState.values), name="delegation_state"),
            models.CheckConstraint(condition=Q(last_day__gte=models.F("first_day")), name="delegation_days"),
            models.CheckConstraint(condition=Q(delegate__isnull=True) | ~Q(delegate=models.F("giver")), name="delegation_two_people"),
            models.CheckConstraint(
                condition=Q(role=Role.DELEGATE, service__gt="") | Q(role=Role.CLERK, service="", organisation__isnull=False),
                name="delegation_reach",
            ),
            models.UniqueConstraint(
                fields=["giver", "delegate_digest", "subject", "service"],
                condition=Q(state__in=[state.value for state in OPEN_STATES]),
                name="delegation_once",
            ),
        ]
        indexes = [
            models.Index(fields=["delegate", "-id"], name="delegation_held"),
            models.Index(fields=["giver", "-id"], name="delegation_given"),
            models.Index(fields=["delegate_digest"], condition=Q(state="offered"), name="delegation_offered"),
            models.Index(fields=["subject"], name="delegation_subject"),
            models.Index(fields=["last_day"], condition=Q(state__in=["offered", "active"]), name="delegation_standing"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def key(self) -> str:
        return str(SubjectKey("delegation", self.public_id))

    @property
    def is_in_force(self) -> bool:
        """Accepted, not ended, and within its days."""
        return self.state == DelegationState.ACTIVE and self.first_day <= clock.today() <= self.last_day

    @property
    def state_today(self) -> DelegationState:
        """Its state as of today, before the sweep has ended what is past its day."""
        if self.state == DelegationState.ACTIVE and not self.is_in_force:
            return DelegationState.ENDED
        if self.state == DelegationState.OFFERED and self.answer_by < clock.today():
            return DelegationState.LAPSED
        return DelegationState(self.state)


class DelegationEvent(StateEvent):
    subject = models.ForeignKey(Delegation, models.PROTECT, related_name="events")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("course of the delegation")
        indexes = [models.Index(fields=["subject", "id"], name="delegation_event_subject")]


Delegation.EVENTS = DelegationEvent


class Desk(models.TextChoices):
    COUNTER = "counter", _("At the counter")
    CALL = "call", _("On the phone")


class Consent(models.Model):
    """The consent of a person that one member of staff acts for them, in one service, for some minutes.

    Requested by civil number; a code sent to the person's confirmed phone opens it once. For an unknown number, or a person without a
    confirmed phone, there is a row without a person that no code opens, so that the response is always the same.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="consents", verbose_name=_("person concerned")
    )
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("employee"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    desk = models.CharField(_("desk"), max_length=10, choices=Desk)
    purpose = models.CharField(_("purpose"), max_length=60)  # a service
    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    code_cipher = models.TextField(blank=True, editable=False)
    asked_at = models.DateTimeField(_("asked on"))
    code_until = models.DateTimeField(_("code ends at"))
    tries = models.PositiveSmallIntegerField(_("number of tries"), default=0)
    opened_at = models.DateTimeField(_("started at"), null=True, blank=True)
    open_until = models.DateTimeField(_("in force until"), null=True, blank=True)
    closed_at = models.DateTimeField(_("ended on"), null=True, blank=True)

    MAX_TRIES = 5

    class Meta:
        verbose_name = _("consent to assistance")
        verbose_name_plural = _("consents to assistance")
        constraints = [
            models.CheckConstraint(condition=Q(tries__lte=5), name="delegation_consent_five_tries"),
            models.CheckConstraint(condition=Q(opened_at__isnull=True) | Q(person__isnull=False), name="delegation_consent_of_a_person"),
            models.CheckConstraint(
                condition=Q(opened_at__isnull=True, open_until__isnull=True)
                | Q(opened_at__isnull=False, open_until__gt=models.F("opened_at"), code_cipher=""),
                name="delegation_consent_opened_once",
            ),
            models.CheckConstraint(condition=Q(desk__in=Desk.values), name="delegation_consent_desk"),
            models.UniqueConstraint(
                fields=["staff"], condition=Q(opened_at__isnull=False, closed_at__isnull=True), name="delegation_consent_one_open"
            ),
        ]
        indexes = [
            models.Index(fields=["staff", "-id"], name="delegation_consent_staff"),
            models.Index(fields=["person", "-id"], name="delegation_consent_person"),
            models.Index(fields=["code_until"], condition=~Q(code_cipher=""), name="delegation_consent_codes"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def code_minutes(self) -> int:
        """How many minutes the code can be entered, by the rule in force when it was sent."""
        return int((self.code_until - self.asked_at).total_seconds()) // 60

    @property
    def key(self) -> str:
        return str(SubjectKey("consent", self.public_id))

    @property
    def is_open(self) -> bool:
        """Whether the member of staff may act by it now."""
        return self.opened_at is not None and self.closed_at is None and self.open_until is not None and clock.now() < self.open_until
