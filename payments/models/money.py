"""Bills, payment attempts, gateway messages and receipts. Amounts are whole fils.

`Allocation` stands between attempt and bill, so that one payment can pay many bills.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.accounts.models import User
from municipality.audit.models import StateEvent
from municipality.documents.models import Document
from municipality.kernel import ids, money
from payments.states import AttemptState, BillState


class Bill(models.Model):
    """A bill. Its amount never changes; a wrong bill is voided and another issued."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    reference = models.CharField(_("reference"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=60)
    subject = models.CharField(_("subject"), max_length=80)
    payer = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("payer"))
    title_ar = models.CharField(_("title in Arabic"), max_length=160)
    title_en = models.CharField(_("title in English"), max_length=160)
    total_fils = models.BigIntegerField(_("amount in fils"))
    state = models.CharField(_("state"), max_length=40, choices=BillState, default=BillState.DUE)
    last_event = models.ForeignKey("BillEvent", models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField(_("issued at"))
    due_until = models.DateField(_("to be paid until"), null=True, blank=True)

    EVENTS: ClassVar[Any]
    workflow_name = "payments.bill"

    class Meta:
        verbose_name = pgettext_lazy("model", "bill")
        verbose_name_plural = _("bills")
        constraints = [
            models.CheckConstraint(condition=Q(total_fils__gt=0, total_fils__lte=money.MAX_FILS), name="payments_bill_amount"),
            models.CheckConstraint(condition=Q(state__in=BillState.values), name="payments_bill_state"),
        ]
        indexes = [
            models.Index(fields=["subject"], name="payments_bill_subject"),
            models.Index(fields=["payer", "-id"], name="payments_bill_payer"),
            models.Index(fields=["state", "-id"], condition=Q(state="refund_due"), name="payments_bill_refunds"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def key(self) -> str:
        return f"bill:{self.public_id}"

    @property
    def amount_display(self) -> str:
        return money.to_display(self.total_fils)


class BillEvent(StateEvent):
    subject = models.ForeignKey(Bill, models.PROTECT, related_name="events")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("course of the bill")
        indexes = [models.Index(fields=["subject", "id"], name="payments_billevent_subject")]


Bill.EVENTS = BillEvent


class BillLine(models.Model):
    """A fee with its formula, article and edition of the rulebook."""

    bill = models.ForeignKey(Bill, models.PROTECT, related_name="lines")
    order = models.PositiveSmallIntegerField(_("order"))
    code = models.CharField(_("code"), max_length=40)
    label_ar = models.CharField(_("label in Arabic"), max_length=120)
    label_en = models.CharField(_("label in English"), max_length=120)
    formula_ar = models.CharField(_("calculation in Arabic"), max_length=200, blank=True)
    formula_en = models.CharField(_("calculation in English"), max_length=200, blank=True)
    article_ar = models.CharField(_("article in Arabic"), max_length=160)
    article_en = models.CharField(_("article in English"), max_length=160)
    edition = models.CharField(_("edition"), max_length=60)
    fils = models.BigIntegerField(_("amount in fils"))
    revenue_account = models.CharField(_("revenue account"), max_length=20)

    class Meta:
        verbose_name = _("line of a bill")
        verbose_name_plural = _("lines of a bill")
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["bill", "order"], name="payments_line_order"),
            models.CheckConstraint(condition=Q(fils__gt=0), name="payments_line_amount"),
        ]

    def __str__(self) -> str:
        return self.code


class Attempt(models.Model):
    """A payment attempt. `token` opens its receipt page, `trackid` identifies it at the bank."""

    token = models.CharField(max_length=26, unique=True, default=ids.public_id)
    trackid = models.CharField(_("track ID"), max_length=19, unique=True)
    provider = models.CharField(_("gateway"), max_length=20, default="knet")
    fils = models.BigIntegerField(_("amount in fils"))
    language = models.CharField(_("language"), max_length=2)
    # Null: a visitor, known by `session_digest`.
    started_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("paid by"))
    session_digest = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=40, choices=AttemptState, default=AttemptState.CREATED)
    last_event = models.ForeignKey("AttemptEvent", models.PROTECT, null=True, related_name="+")
    hint = models.CharField(max_length=12, blank=True)
    # From our own inquiry only, never from a notification.
    payment_id = models.CharField(_("payment ID"), max_length=40, null=True, blank=True)
    tran_id = models.CharField(_("transaction ID"), max_length=40, null=True, blank=True)
    ref = models.CharField(_("bank reference"), max_length=40, blank=True)
    auth = models.CharField(_("authorisation number"), max_length=20, blank=True)
    postdate = models.CharField(max_length=4, blank=True)
    auth_resp_code = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField(_("began at"))
    redirected_at = models.DateTimeField(_("sent to the bank at"), null=True, blank=True)
    page_expires_at = models.DateTimeField(_("bank page ends at"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("receipt acknowledged at"), null=True, blank=True)
    settled_at = models.DateTimeField(_("paid at"), null=True, blank=True)

    EVENTS: ClassVar[Any]
    workflow_name = "payments.attempt"

    class Meta:
        verbose_name = pgettext_lazy("model", "payment attempt")
        verbose_name_plural = _("payment attempts")
        constraints = [
            models.CheckConstraint(condition=Q(fils__gt=0, fils__lte=money.MAX_FILS), name="payments_attempt_amount"),
            models.CheckConstraint(condition=Q(state__in=AttemptState.values), name="payments_attempt_state"),
            models.CheckConstraint(condition=Q(started_by__isnull=False) | ~Q(session_digest=""), name="payments_attempt_by_somebody"),
            models.CheckConstraint(condition=~Q(payment_id="") & ~Q(tran_id=""), name="payments_attempt_ids_null_not_empty"),
            models.UniqueConstraint(fields=["payment_id"], condition=Q(payment_id__isnull=False), name="payments_attempt_payment_id"),
            models.UniqueConstraint(fields=["tran_id"], condition=Q(tran_id__isnull=False), name="payments_attempt_tran_id"),
        ]
        indexes = [
            models.Index(fields=["started_by", "-id"], name="payments_attempt_person"),
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["created", "redirected", "confirming", "mismatch"]),
                name="payments_attempt_open",
            ),
            models.Index(fields=["-id"], condition=Q(state__in=["mismatch", "refund_due"]), name="payments_attempt_review"),
        ]

    def __str__(self) -> str:
        return self.trackid

    @property
    def key(self) -> str:
        return f"attempt:{self.trackid}"


class AttemptEvent(StateEvent):
    subject = models.ForeignKey(Attempt, models.PROTECT, related_name="events")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("course of the payment")
        indexes = [models.Index(fields=["subject", "id"], name="payments_attemptevent_subject")]


Attempt.EVENTS = AttemptEvent


class Allocation(models.Model):
    """The part of an attempt for one bill; each bill has at most one open and one settled."""

    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="allocations")
    bill = models.ForeignKey(Bill, models.PROTECT, related_name="allocations")
    fils = models.BigIntegerField()
    is_open = models.BooleanField(default=True)
    is_settled = models.BooleanField(default=False)
    handed_over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "bill"], name="payments_allocation_once"),
            models.UniqueConstraint(fields=["bill"], condition=Q(is_open=True), name="payments_one_open_attempt"),
            models.UniqueConstraint(fields=["bill"], condition=Q(is_settled=True), name="payments_one_settled_attempt"),
            models.CheckConstraint(condition=Q(fils__gt=0), name="payments_allocation_amount"),
            models.CheckConstraint(condition=Q(is_open=False) | Q(is_settled=False), name="payments_open_or_settled"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id} → {self.bill_id}"


class Direction(models.TextChoices):
    IN = "in", _("Incoming")
    OUT = "out", _("Outgoing")


class BankMessageKind(models.TextChoices):
    INIT = "init", _("Redirect to the bank")
    NOTIFICATION = "notification", _("Notification")
    INQUIRY_REQUEST = "inquiry_request", _("Inquiry")
    INQUIRY_RESPONSE = "inquiry_response", _("Answer to the inquiry")
    ERROR = "error", _("Error page")
    REFUND_REQUEST = "refund_request", _("Refund request")
    REFUND_RESPONSE = "refund_response", _("Answer to the refund request")


class GatewayMessage(models.Model):
    """A message as sent or received: encrypted hex, or XML with the password masked.

    The plain text of a notification is not stored: decryptions of chosen ciphertexts would reveal the key.
    """

    direction = models.CharField(_("direction"), max_length=3, choices=Direction)
    kind = models.CharField(_("kind"), max_length=20, choices=BankMessageKind)
    attempt = models.ForeignKey(Attempt, models.PROTECT, null=True, blank=True, related_name="messages", verbose_name=_("attempt"))
    raw = models.TextField(_("text as it passed"))
    # Of an incoming message: size and SHA-256 of all its bytes, as only the head of an unauthenticated one is stored; `fingerprint`
    # identifies an authenticated one, to recognise repeats.
    size = models.PositiveIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(_("hash"), max_length=64, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    decoded = models.JSONField(_("read from our inquiry"), default=dict, blank=True)
    at = models.DateTimeField(_("time"))
    remote_addr = models.CharField(_("source address"), max_length=45, blank=True)

    class Meta:
        verbose_name = _("message with the bank")
        verbose_name_plural = _("messages with the bank")
        indexes = [
            models.Index(fields=["attempt", "id"], name="payments_message_attempt"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "fingerprint"], condition=~Q(fingerprint=""), name="payments_message_whole_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class CallbackBytes(models.Model):
    """A counter of unauthenticated bytes that were stored or dropped, in an hour or day (Kuwait) or for an attempt."""

    key = models.CharField(max_length=40, unique=True)
    kept = models.PositiveIntegerField(default=0)
    kept_bytes = models.PositiveBigIntegerField(default=0)
    dropped = models.PositiveIntegerField(default=0)
    dropped_bytes = models.PositiveBigIntegerField(default=0)
    full_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key


class Inquiry(models.Model):
    """The bank's answer to our inquiry; the only proof of payment."""

    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="inquiries")
    message = models.OneToOneField(GatewayMessage, models.PROTECT, related_name="+")
    result = models.CharField(max_length=120)
    outcome = models.CharField(max_length=12)
    fils = models.BigIntegerField(null=True, blank=True)
    trackid = models.CharField(max_length=40, blank=True)
    payment_id = models.CharField(max_length=40, blank=True)
    agrees = models.BooleanField(_("agrees"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("inquiry")
        verbose_name_plural = _("inquiries")
        indexes = [models.Index(fields=["attempt", "-id"], name="payments_inquiry_attempt")]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.outcome}"


class Receipt(models.Model):
    """Proof that a bill was paid, based on an inquiry."""

    number = models.CharField(_("receipt number"), max_length=40, unique=True)
    allocation = models.OneToOneField(Allocation, models.PROTECT, related_name="receipt")
    inquiry = models.ForeignKey(Inquiry, models.PROTECT, related_name="+")
    bill = models.ForeignKey(Bill, models.PROTECT, related_name="receipts", verbose_name=_("bill"))
    fils = models.BigIntegerField(_("amount in fils"))
    issued_at = models.DateTimeField(_("issued on"))
    document = models.OneToOneField(Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("document"))

    class Meta:
        verbose_name = pgettext_lazy("model", "receipt")
        verbose_name_plural = _("receipts")
        constraints = [models.CheckConstraint(condition=Q(fils__gt=0), name="payments_receipt_amount")]

    def __str__(self) -> str:
        return self.number
