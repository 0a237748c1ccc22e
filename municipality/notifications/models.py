"""Messages to users, and their delivery by each channel."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from municipality.kernel import ids


class Channel(models.TextChoices):
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("text message")


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("waiting to be sent")
    SENT = "sent", _("handed over to the channel")
    SKIPPED = "skipped", _("no confirmed address")
    FAILED = "failed", _("failed")


class Message(models.Model):
    """One message to one person, stored in both languages as sent; the inbox shows it."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    subject_key = models.CharField(max_length=80, blank=True)
    title_ar = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    body_ar = models.TextField()
    body_en = models.TextField()
    short_ar = models.CharField(max_length=300)
    short_en = models.CharField(max_length=300)
    path = models.CharField(max_length=200, blank=True)  # without the language prefix
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key", "person"], name="notifications_message_once")]
        indexes = [
            models.Index(fields=["person", "-created_at", "-id"], name="notifications_inbox"),
            models.Index(fields=["subject_key"], condition=~models.Q(subject_key=""), name="notifications_of_subject"),
            models.Index(fields=["kind", "created_at"], condition=models.Q(read_at__isnull=True), name="notifications_unread"),
            models.Index(fields=["person"], condition=models.Q(read_at__isnull=True), name="notifications_unread_of"),  # the header
        ]
        verbose_name = pgettext_lazy("model", "message")
        verbose_name_plural = _("messages")

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    def _text(self, part: str) -> str:
        language = "en" if (get_language() or "ar").startswith("en") else "ar"
        return str(getattr(self, f"{part}_{language}"))

    @property
    def title(self) -> str:
        """The title in the language of the page."""
        return self._text("title")

    @property
    def body(self) -> str:
        """The body in the language of the page."""
        return self._text("body")

    @property
    def is_unread(self) -> bool:
        return self.read_at is None


class Delivery(models.Model):
    """One message by one channel; the idempotency key is the same on every try."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="deliveries")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    state = models.CharField(_("state"), max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    idempotency_key = models.CharField(max_length=26, unique=True, default=ids.public_id)
    provider_id = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=40, blank=True)  # why it was skipped or failed: see admin.REASONS
    sent_at = models.DateTimeField(null=True, blank=True)
    # The masked address to which it went, whatever the person's is now; empty for kinds that hide their recipient.
    went_to = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "channel"], name="notifications_channel_once")]
        indexes = [models.Index(fields=["id"], condition=models.Q(state="failed"), name="notifications_failed")]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_state_display()}"


class Letter(models.Model):
    """A letter to another body about one subject, stored in both languages as sent: Arabic first, English below.

    `code` is the body in the rulebook, which has its e-mail address. `address` is the one to which the letter went. Nothing in it names
    an applicant or a reporter.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)  # the key of the e-mail on every try too
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    subject_key = models.CharField(max_length=80)
    reference = models.CharField(_("reference"), max_length=40)
    code = models.CharField(_("body"), max_length=30)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    title_ar = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    body_ar = models.TextField()
    body_en = models.TextField()
    created_at = models.DateTimeField(_("written at"))
    state = models.CharField(_("state"), max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    reason = models.CharField(max_length=40, blank=True)  # why it was not sent: see admin.REASONS
    address = models.EmailField(_("e-mail address"), blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    posted_by = models.ForeignKey(  # who printed it and sent it on paper, in place of an e-mail
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("sent on paper by")
    )

    class Meta:
        verbose_name = pgettext_lazy("model", "letter to a body")
        verbose_name_plural = pgettext_lazy("model", "letters to bodies")
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="notifications_letter_once"),
            models.CheckConstraint(
                condition=models.Q(state="sent", sent_at__isnull=False, posted_by__isnull=True) & ~models.Q(address="")
                | models.Q(state="sent", sent_at__isnull=False, posted_by__isnull=False, address="")
                | ~models.Q(state="sent") & models.Q(sent_at__isnull=True, address="", posted_by__isnull=True),
                name="notifications_letter_sent",
            ),
        ]
        indexes = [models.Index(fields=["created_at"], condition=~models.Q(state="sent"), name="notifications_letter_unsent")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class ChannelChoice(models.Model):
    """The channels that a person switched off for messages that are no legal notices; no row: none."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    email_off = models.BooleanField(default=False)
    sms_off = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person_id}"

    @property
    def switched_off(self) -> set[str]:
        return {str(channel) for channel, off in ((Channel.EMAIL, self.email_off), (Channel.SMS, self.sms_off)) if off}


class NotReachedCause(models.TextChoices):
    FAILED = "failed", _("No channel could deliver it")
    NO_ADDRESS = "no_address", _("No confirmed address for a legal notice")
    UNREAD = "unread", _("Request not opened")


class CallOutcome(models.TextChoices):
    SPOKEN = "spoken", _("Spoken with")
    NO_ANSWER = "no_answer", _("No answer")
    WRONG_NUMBER = "wrong_number", _("Wrong number")


class NotReached(models.Model):
    """A message that reached its person by no channel, or was not opened: somebody of the staff calls, once."""

    message = models.OneToOneField(Message, models.PROTECT, related_name="not_reached", verbose_name=_("message"))
    cause = models.CharField(_("reason"), max_length=12, choices=NotReachedCause)
    since = models.DateTimeField(_("since"))
    called_at = models.DateTimeField(_("called at"), null=True, blank=True)
    called_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("called by")
    )
    outcome = models.CharField(_("outcome"), max_length=12, choices=CallOutcome, blank=True)

    class Meta:
        verbose_name = _("person not reached")
        verbose_name_plural = _("people not reached")
        constraints = [
            models.CheckConstraint(condition=models.Q(cause__in=NotReachedCause.values), name="notifications_not_reached_cause"),
            models.CheckConstraint(
                condition=models.Q(called_at__isnull=True, called_by__isnull=True, outcome="")
                | models.Q(called_at__isnull=False, called_by__isnull=False, outcome__in=CallOutcome.values),
                name="notifications_call_whole",
            ),
        ]
        indexes = [models.Index(fields=["since"], condition=models.Q(called_at__isnull=True), name="notifications_to_call")]

    def __str__(self) -> str:
        return str(self.get_cause_display())


class SmsNumber(models.Model):
    """A phone number, as a keyed hash. Its row is locked while its messages are counted."""

    digest = models.CharField(max_length=64, primary_key=True)
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:12]


class SmsUse(models.Model):
    """One text message to one number; further tries of the message are the same row."""

    number = models.ForeignKey(SmsNumber, models.CASCADE, related_name="uses")
    is_code = models.BooleanField(default=False)
    idempotency_key = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["number", "at"], name="notifications_sms_use")]

    def __str__(self) -> str:
        return self.idempotency_key
