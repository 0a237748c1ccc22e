"""Violations and the service of their notices. Coordinates and photos are those of the visit."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.audit.models import StateEvent
from municipality.documents.models import Document
from municipality.fieldwork.models import Visit
from municipality.kernel import ids
from municipality.places.models import Area, Branch
from municipality.rulebook.queries import Offence
from shops.models import Shop
from violations.models.paper import PaperRow
from violations.models.people import JudicialWarrant
from violations.states import ViolationState

UNNUMBERED = (ViolationState.RECORDED, ViolationState.WARNED, ViolationState.CORRECTED)


class Signed(models.TextChoices):
    """What the party did with a paper on the spot; LATER: they are there, and sign the notice once it is printed."""

    SIGNED = "signed", _("Signed")
    REFUSED = "refused", _("Refused to sign")
    ABSENT = "absent", _("Was not there")
    LATER = "later", _("Is there, and gets the notice once it is printed")


class Violation(models.Model):
    """An offence at one place and time. Only facts are stored; amounts are computed by the rulebook.

    Written by an inspector on a `visit`, or carried over from the line `paper` of a sheet, without inspector and visit. `seen_at` is
    the time of the visit or the day of the paper; repetitions and periods count from it.

    `number` is that of the violation report, without gaps in its series; a warning has `warning_number` of another series. The party is
    a user, or known by the keyed hash of a civil number, which a user matches after their first sign-in.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    warning_number = models.CharField(_("warning notice number"), max_length=40, unique=True, null=True, blank=True)
    number = models.CharField(_("violation report number"), max_length=40, unique=True, null=True, blank=True)
    inspector = models.ForeignKey(
        JudicialWarrant, models.PROTECT, null=True, blank=True, related_name="violations", verbose_name=_("inspector")
    )
    visit = models.OneToOneField(Visit, models.PROTECT, null=True, blank=True, related_name="violation", verbose_name=_("visit"))
    paper = models.OneToOneField(PaperRow, models.PROTECT, null=True, blank=True, related_name="violation", verbose_name=_("paper record"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    offence = models.CharField(_("offence"), max_length=20)
    offence_facts = models.JSONField(_("text of the offence"), default=dict)  # the row of the catalogue as it was that day
    edition = models.CharField(_("edition"), max_length=60)
    limits_edition = models.CharField(max_length=60)
    quantity_hundredths = models.PositiveIntegerField(_("quantity"), default=100)  # hundredths of a piece, worker or square metre
    months = models.PositiveSmallIntegerField(_("months"), default=0)
    repeat_count = models.PositiveSmallIntegerField(_("number of repetitions"), default=0)
    note_ar = models.TextField(_("description of the facts"), blank=True)
    shop = models.ForeignKey(Shop, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("shop"))
    party = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="violations", verbose_name=_("party")
    )
    party_digest = models.CharField(max_length=64, blank=True, editable=False)
    party_cipher = models.TextField(blank=True, editable=False)
    party_masked = models.CharField(_("civil number"), max_length=12, blank=True, editable=False)
    party_name_ar = models.CharField(_("name of the party"), max_length=160, blank=True)
    is_womens_premises = models.BooleanField(_("women’s premises"), default=False)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("area"))
    block = models.CharField(pgettext_lazy("field", "block"), max_length=10, blank=True)
    street = models.CharField(_("street"), max_length=60, blank=True)
    place_note = models.CharField(_("description of the place"), max_length=160, blank=True)
    seen_at = models.DateTimeField(_("time of the visit"))
    received_at = models.DateTimeField(_("received at"))
    signed = models.CharField(_("signature"), max_length=10, choices=Signed, default=Signed.ABSENT)
    state = models.CharField(_("state"), max_length=40, choices=ViolationState, default=ViolationState.RECORDED)
    last_event = models.ForeignKey("ViolationEvent", models.PROTECT, null=True, related_name="+")
    # Last days, included; empty before service.
    correct_until = models.DateField(_("last day to correct"), null=True, blank=True)
    settle_until = models.DateField(_("last day to settle"), null=True, blank=True)
    object_until = models.DateField(_("last day to object"), null=True, blank=True)
    block_from = models.DateField(_("services blocked from"), null=True, blank=True)
    notice = models.OneToOneField(Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("notice"))

    EVENTS: ClassVar[Any]
    workflow_name = "violations.violation"

    class Meta:
        verbose_name = pgettext_lazy("model", "violation")
        verbose_name_plural = pgettext_lazy("model", "violations")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ViolationState.values), name="violations_state"),
            models.CheckConstraint(condition=Q(signed__in=Signed.values), name="violations_signed"),
            models.CheckConstraint(
                condition=Q(number__isnull=False) | Q(state__in=[*UNNUMBERED, "annulled"]), name="violations_minute_has_number"
            ),
            models.CheckConstraint(
                condition=Q(inspector__isnull=False, visit__isnull=False, paper__isnull=True)
                | Q(inspector__isnull=True, visit__isnull=True, paper__isnull=False),
                name="violations_inspector_or_paper",
            ),
            models.CheckConstraint(condition=Q(quantity_hundredths__gt=0), name="violations_quantity"),
            models.CheckConstraint(
                condition=Q(shop__isnull=False) | Q(party__isnull=False) | ~Q(party_digest="") | ~Q(party_name_ar="") | ~Q(place_note=""),
                name="violations_against_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["shop", "-id"], name="violations_by_shop"),
            models.Index(fields=["party", "-id"], name="violations_by_party"),
            models.Index(fields=["party_digest", "-id"], condition=~Q(party_digest=""), name="violations_by_digest"),
            models.Index(fields=["inspector", "-id"], name="violations_by_inspector"),
            models.Index(fields=["branch", "state", "-id"], name="violations_by_branch_state"),
            models.Index(fields=["settle_until"], condition=Q(state="ordered"), name="violations_settling"),
            models.Index(fields=["correct_until"], condition=Q(state="warned"), name="violations_correcting"),
            models.Index(fields=["object_until"], condition=Q(state__in=["overdue", "unsettleable"]), name="violations_referable"),
            models.Index(fields=["block_from"], condition=Q(state__in=["overdue", "referred", "judged"]), name="violations_blocking"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def key(self) -> str:
        return f"violation:{self.public_id}"

    @property
    def reference(self) -> str:
        """The number of the violation report, else that of the warning."""
        return self.number or self.warning_number or self.public_id

    @property
    def written_notice(self) -> Document | None:
        """The notice or warning of `reference`; None until it is written, also while a report has only the warning before it."""
        return self.notice if self.notice is not None and self.notice.number == self.reference else None

    @property
    def is_paper(self) -> bool:
        """Whether it is a legacy fine."""
        return self.paper_id is not None

    @property
    def writer_id(self) -> int | None:
        """Primary key of the user who wrote the report; None for a legacy fine."""
        return self.inspector.user_id if self.inspector is not None else None

    @property
    def rule(self) -> Offence:
        """The offence of the catalogue on the day it was seen."""
        return Offence(**self.offence_facts)

    @property
    def last_four(self) -> str:
        return (self.party.last_four if self.party is not None else self.party_masked[-4:]) or ""


class ViolationEvent(StateEvent):
    subject = models.ForeignKey(Violation, models.PROTECT, related_name="events")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("course of the violation")
        indexes = [models.Index(fields=["subject", "id"], name="violations_event_subject")]


Violation.EVENTS = ViolationEvent


class EvidenceKind(models.TextChoices):
    """Kinds of evidence of its visit."""

    OFFENCE = "offence", _("Photo of the violation")
    SIGNATURE = "signature", _("Photo of the signature")
    CORRECTION = "correction", _("Proof of correction")
    DEFENCE = "defence", _("Evidence of the writer")


class ServiceGround(models.TextChoices):
    """How the notice was served."""

    SIGNED = "signed", _("Handed over and signed for")
    OPENED = "opened", _("Opened in the portal")
    TWO_CHANNELS = "two_channels", _("Sent by two channels and the time has passed")
    PAPER = "paper", _("Served on paper before the portal")
    BY_HAND = "by_hand", _("Served by staff, with proof")


class Handover(models.TextChoices):
    """How a notice was served by hand."""

    HANDED = "handed", _("Handed to the party")
    HOUSEHOLD = "household", _("Handed to someone who lives with or works for the party")
    REFUSED = "refused", _("Refused before a witness")
    POST = "post", _("Registered post with acknowledgement of receipt")


class Service(models.Model):
    """Proved service of the notice, from which the periods run."""

    violation = models.OneToOneField(Violation, models.PROTECT, related_name="service")
    ground = models.CharField(_("ground of service"), max_length=20, choices=ServiceGround)
    at = models.DateTimeField(_("at"))
    proof = models.JSONField(_("proof"), default=dict)

    class Meta:
        verbose_name = _("service of a notice")
        verbose_name_plural = _("services of notices")
        constraints = [models.CheckConstraint(condition=Q(ground__in=ServiceGround.values), name="violations_service_ground")]

    def __str__(self) -> str:
        return f"{self.ground} {self.violation_id}"
