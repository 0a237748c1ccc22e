"""A report, who sent it, and who has seen the same."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from licensing.models import Board
from municipality.audit.models import StateEvent
from municipality.fieldwork.models import IN_KUWAIT
from municipality.kernel import clock, ids
from municipality.places.models import Area, Branch
from municipality.rulebook.models import RuleSet
from reports.states import OPEN, REPORT, ReportState
from shops.models import Shop

# 0 where a report waits for its inspector alone, 1 where it waits for somebody else: the order of the inspector's list.
WAITS = Case(When(state=ReportState.ASSIGNED.value, then=0), default=1)


class Severity(models.TextChoices):
    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    URGENT = "urgent", _("Urgent")


class ReportChannel(models.TextChoices):
    WEB = "web", _("Portal")
    APP = "app", _("Kept on the phone and sent later")
    OPEN311 = "open311", _("Another system")


class PlaceSource(models.TextChoices):
    """How the place was found."""

    PHOTO = "photo", _("From the photo")
    DEVICE = "device", _("From the phone")
    PIN = "pin", _("Set on the map")
    ADDRESS = "address", _("From an address")
    SHOP = "shop", _("At a shop")
    BOARD = "board", _("At a board")


def report_number() -> str:
    """`EYE-7K3M-9Q2X-5`: random, so that it tells neither order nor count, with its check character."""
    code = "".join(secrets.choice(ids.ALPHABET) for _ in range(8))
    return ids.with_check(f"EYE-{code[:4]}-{code[4:]}")


class Report(models.Model):
    """A problem that somebody saw at a place. Who sent it stands in `Reporter`, which only `reports.reporters` reads.

    `key` is made on the device, so that a report that is sent twice is stored once. `category_facts` is the row of the rulebook by which
    it was received, or recategorised. `captured_at` is the time of the device, `received_at` the portal's, `updated_at` that of the
    last step. `words_shown_at`: an employee agreed that everybody may read `words`. `hidden_at`: the report is not shown to the public.
    `warned_of`: the promised time of which supervisors were warned that it ends soon.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    number = models.CharField(_("number"), max_length=20, unique=True, default=report_number, editable=False)
    key = models.CharField(max_length=36, unique=True, editable=False)  # a UUID
    channel = models.CharField(_("sent by"), max_length=10, choices=ReportChannel, default=ReportChannel.WEB)
    api_key = models.ForeignKey("ApiKey", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("system"))
    category = models.CharField(_("category"), max_length=20)
    category_facts = models.JSONField(_("category on that day"), default=dict)
    edition = models.ForeignKey(RuleSet, models.PROTECT, related_name="+", verbose_name=_("edition of the categories"))
    answers = models.JSONField(_("answers"), default=dict, blank=True)
    words = models.TextField(_("description"), blank=True)
    language = models.CharField(max_length=2, choices=[("ar", "ar"), ("en", "en")], default="ar")
    latitude = models.FloatField(_("latitude"), null=True, blank=True)  # WGS 84
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    accuracy_m = models.PositiveIntegerField(_("accuracy of the location in metres"), null=True, blank=True)
    place_source = models.CharField(_("place found"), max_length=10, choices=PlaceSource)
    area = models.ForeignKey(Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("area"))
    block = models.CharField(pgettext_lazy("field", "block"), max_length=10, blank=True)
    street = models.CharField(_("street"), max_length=60, blank=True)
    place_note = models.CharField(_("description of the place"), max_length=160, blank=True)
    shop = models.ForeignKey(Shop, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("shop"))
    board = models.ForeignKey(Board, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=pgettext_lazy("model", "board"))
    captured_at = models.DateTimeField(_("seen at"))
    received_at = models.DateTimeField(_("received at"))
    updated_at = models.DateTimeField(_("last step"))
    severity = models.CharField(_("severity"), max_length=10, choices=Severity, default=Severity.NORMAL)
    due_at = models.DateTimeField(_("promised by"))
    warned_of = models.DateTimeField(null=True, blank=True, editable=False)
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch"))
    inspector = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("drawn inspector")
    )
    draw = models.JSONField(_("draw"), default=dict, blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts", verbose_name=_("part of"))
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="joined", verbose_name=_("joined with"))
    me_too_count = models.PositiveIntegerField(_("others who saw it"), default=0)
    words_shown_at = models.DateTimeField(_("description shown to everybody since"), null=True, blank=True)
    hidden_at = models.DateTimeField(_("hidden since"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=40, choices=ReportState, default=ReportState.RECEIVED)
    last_event = models.ForeignKey("ReportEvent", models.PROTECT, null=True, related_name="+")

    EVENTS: ClassVar[Any]
    workflow_name = REPORT

    class Meta:
        verbose_name = pgettext_lazy("model", "report")
        verbose_name_plural = pgettext_lazy("model", "reports")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ReportState.values, severity__in=Severity.values, channel__in=ReportChannel.values)
                & Q(place_source__in=PlaceSource.values),
                name="reports_report_choices",
            ),
            models.CheckConstraint(condition=IN_KUWAIT, name="reports_report_in_kuwait"),
            models.CheckConstraint(
                condition=Q(latitude__isnull=False) | Q(area__isnull=False) | ~Q(place_note=""), name="reports_report_somewhere"
            ),
            models.CheckConstraint(
                condition=Q(state="received") | Q(state="merged") | Q(parent__isnull=False) | Q(inspector__isnull=False),
                name="reports_report_has_inspector",
            ),
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False) | (~Q(state="merged") & Q(merged_into__isnull=True)),
                name="reports_report_merged",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False)
                | Q(state="merged")
                | (~Q(state__in=["closed", "merged"]) & Q(closed_at__isnull=True)),
                name="reports_report_closed",
            ),
            models.CheckConstraint(condition=~Q(parent=F("pk")) & ~Q(merged_into=F("pk")), name="reports_report_not_itself"),
        ]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="reports_newest"),
            models.Index(fields=["-updated_at", "-id"], name="reports_updated"),
            models.Index(fields=["latitude", "longitude"], condition=Q(hidden_at__isnull=True), name="reports_place"),
            models.Index("inspector", WAITS, "due_at", "id", condition=Q(state__in=[s.value for s in OPEN]), name="reports_of_inspector"),
            models.Index(fields=["branch", "due_at"], condition=Q(state__in=[s.value for s in OPEN]), name="reports_of_branch"),
            models.Index(fields=["shop", "-id"], condition=Q(shop__isnull=False), name="reports_of_shop"),
            models.Index(fields=["area", "-received_at"], condition=Q(hidden_at__isnull=True), name="reports_of_area"),
            models.Index(fields=["closed_at"], condition=Q(state="closed"), name="reports_closed_at"),
            models.Index(
                fields=["received_at", "id"],
                condition=Q(words_shown_at__isnull=True, hidden_at__isnull=True) & ~Q(words=""),
                name="reports_unread_words",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    # Django's own go through all choices at each call, which is an eighth of a page with fifty reports.
    def get_state_display(self) -> str:  # type: ignore[no-redef]
        return str(ReportState(self.state).label)

    def get_severity_display(self) -> str:  # type: ignore[no-redef]
        return str(Severity(self.severity).label)

    @property
    def subject_key(self) -> str:
        """The key of the report in the audit log and of its uploads (`key` is that of the device)."""
        return f"report:{self.public_id}"

    @property
    def people(self) -> int:
        """How many reported it: its reporter and those who saw the same, whom a join counts together."""
        return 1 + self.me_too_count

    @property
    def is_described(self) -> bool:
        """Whether its reporter described it. The words of a part are a note of the inspector for the file, and are never published."""
        return bool(self.words) and self.parent_id is None

    @property
    def public_words(self) -> str:
        """The description as everybody may read it; empty where there is none or nobody agreed."""
        return self.words if self.is_described and self.words_shown_at is not None else ""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def shop_now(self) -> Shop | None:
        """The shop that it is about: where its entry was merged into another one, that one."""
        return (self.shop.merged_into or self.shop) if self.shop is not None else None

    @property
    def is_overdue(self) -> bool:
        """Whether its promise has passed without a result; a hand-over does not stop it."""
        return self.is_open and self.due_at < clock.now()


class ReportEvent(StateEvent):
    """A step of a report. Everybody reads it, so `data` holds no names and nothing of the reporter."""

    subject = models.ForeignKey(Report, models.PROTECT, related_name="events")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("course of the report")
        indexes = [
            models.Index(fields=["subject", "id"], name="reports_event_subject"),
            models.Index(fields=["-at", "-id"], name="reports_event_newest"),  # for other systems
        ]


Report.EVENTS = ReportEvent


class MeToo(models.Model):
    """Somebody else saw the same: `who` is the keyed hash of a person, a phone number or a device.

    `device` is that of the device on which a person or a number was counted, who is not counted there once more without their name.
    """

    report = models.ForeignKey(Report, models.PROTECT, related_name="me_toos")
    who = models.CharField(max_length=64)
    device = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("me too")
        verbose_name_plural = _("me too")
        constraints = [models.UniqueConstraint(fields=["report", "who"], name="reports_me_too_once")]

    def __str__(self) -> str:
        return f"{self.report_id}"
