"""Amounts that are owed back, and their paying out. Amounts are whole fils."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.models import StateEvent
from municipality.kernel import ids, money
from payments.models.money import Allocation, Attempt, Bill, BillLine
from payments.states import ON_ITS_WAY, RefundState


class RefundWay(models.TextChoices):
    GATEWAY = "gateway", _("Through the gateway to the card")
    BY_HAND = "by_hand", _("Outside the gateway with a bank reference")


class RefundDue(models.Model):
    """An amount owed back of a payment, and its paying out: of all of it, of one bill (`allocation`), or of one line of it (`line`).

    A line is a deposit, or of a sum that was lowered afterwards; it may go back in parts.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="refunds", verbose_name=_("attempt"))
    # Without both the whole payment is owed back.
    allocation = models.OneToOneField(Allocation, models.PROTECT, null=True, blank=True, related_name="refund")
    line = models.ForeignKey(BillLine, models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name=_("deposit"))
    payer = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("payee"))
    subject = models.CharField(_("subject"), max_length=80)
    fils = models.BigIntegerField(_("amount in fils"))
    reason = models.CharField(_("reason"), max_length=60)
    state = models.CharField(_("state"), max_length=40, choices=RefundState, default=RefundState.DUE)
    last_event = models.ForeignKey("RefundEvent", models.PROTECT, null=True, related_name="+")
    due_since = models.DateTimeField(_("due since"))
    # The present proposal, with what remained of the payment when it was made.
    code = models.CharField(_("reason for paying out"), max_length=40, blank=True)
    way = models.CharField(_("way of paying back"), max_length=10, choices=RefundWay, blank=True)
    remaining_fils = models.BigIntegerField(_("left of the payment in fils"), null=True, blank=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("proposed by"))
    proposed_at = models.DateTimeField(_("proposed at"), null=True, blank=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by"))
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    # What a person found at the bank, for a second person to confirm.
    found_paid = models.BooleanField(_("found paid out"), null=True, blank=True)
    found_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("looked up by"))
    bank_reference = models.CharField(_("bank reference of the refund"), max_length=40, blank=True)
    paid_out_at = models.DateTimeField(_("paid back at"), null=True, blank=True)

    EVENTS: ClassVar[Any]
    workflow_name = "payments.refund"

    class Meta:
        verbose_name = _("amount to be returned")
        verbose_name_plural = _("amounts to be returned")
        constraints = [
            models.CheckConstraint(condition=Q(fils__gt=0, fils__lte=money.MAX_FILS), name="payments_refund_amount"),
            models.CheckConstraint(condition=Q(state__in=RefundState.values), name="payments_refund_state"),
            models.CheckConstraint(condition=~Q(reason=""), name="payments_refund_has_reason"),
            models.UniqueConstraint(
                fields=["attempt"], condition=Q(allocation__isnull=True, line__isnull=True), name="payments_refund_whole_attempt_once"
            ),
            models.CheckConstraint(condition=Q(allocation__isnull=True) | Q(line__isnull=True), name="payments_refund_bill_or_line"),
            models.UniqueConstraint(
                fields=["attempt"], condition=Q(state__in=[str(state) for state in ON_ITS_WAY]), name="payments_refund_one_on_its_way"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | Q(proposed_by__isnull=False) & ~Q(approved_by=F("proposed_by")),
                name="payments_refund_two_people",
            ),
        ]
        indexes = [
            models.Index(fields=["subject"], name="payments_refund_subject"),
            models.Index(fields=["-id"], condition=Q(state="due"), name="payments_refund_due"),
            models.Index(fields=["attempt", "state"], name="payments_refund_of_attempt"),
            models.Index(fields=["payer", "-id"], name="payments_refund_payer"),
        ]

    def __str__(self) -> str:
        return str(self.attempt)

    @property
    def key(self) -> str:
        return f"refund:{self.public_id}"

    @property
    def failure(self) -> RefundEvent | None:
        """The event by which the last try to pay it out failed, while nobody has proposed it anew; None otherwise."""
        event = self.last_event if self.state == RefundState.DUE else None
        return event if event is not None and event.move == "fail" else None

    @property
    def bill(self) -> Bill | None:
        """The bill of which it is owed back; None for a whole payment."""
        if self.line is not None:
            return self.line.bill
        return self.allocation.bill if self.allocation is not None else None


class RefundEvent(StateEvent):
    subject = models.ForeignKey(RefundDue, models.PROTECT, related_name="events")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("course of the amount due")
        indexes = [models.Index(fields=["subject", "id"], name="payments_refundevent_subject")]


RefundDue.EVENTS = RefundEvent
