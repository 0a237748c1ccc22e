"""Messages to people and their way through each channel."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from municipality.kernel import ids


class Channel(models.TextChoices):
    EMAIL = "email", "البريد الإلكتروني"
    SMS = "sms", "رسالة نصية"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "بانتظار الإرسال"
    SENT = "sent", "سلّمت إلى القناة"
    SKIPPED = "skipped", "لا عنوان مؤكد"
    FAILED = "failed", "تعذّر"


class Message(models.Model):
    """One message to one person, kept in both languages exactly as sent; the inbox shows it."""

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
        indexes = [models.Index(fields=["person", "-id"], name="notifications_inbox")]
        verbose_name = "إشعار"
        verbose_name_plural = "الإشعارات"

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Delivery(models.Model):
    """One channel of one message; the idempotency key is the same on every try."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=Channel)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    idempotency_key = models.CharField(max_length=26, unique=True, default=ids.public_id)
    provider_id = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "channel"], name="notifications_channel_once")]
        verbose_name = "إرسال"
        verbose_name_plural = "الإرسال"

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"
