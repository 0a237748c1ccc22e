"""Issued documents and their files, number series and checks; the state of the token of the seal."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.audit.models import StateEvent
from municipality.documents.states import DocumentState
from municipality.kernel import clock, ids


class StoredFile(models.Model):
    """A file in the private store, by its SHA-256; written once."""

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField()  # bytes
    media_type = models.CharField(max_length=60)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:12]

    @property
    def path(self) -> str:
        """The path inside the store."""
        return f"{self.sha256[:2]}/{self.sha256[2:4]}/{self.sha256}"


class Counter(models.Model):
    """The last number of a series (`HLT-HW-2026`)."""

    series = models.CharField(max_length=30, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.series}: {self.last}"


class Document(models.Model):
    kind = models.CharField(_("kind"), max_length=30)
    number = models.CharField(_("number"), max_length=40, unique=True)
    code = models.CharField(_("verification code"), max_length=20, unique=True, default=ids.typed_code)
    subject = models.CharField(_("subject"), max_length=80)
    holder_key = models.CharField(max_length=60)
    state = models.CharField(_("state"), max_length=20, choices=DocumentState, default=DocumentState.DRAFT)
    last_event = models.ForeignKey("DocumentEvent", models.PROTECT, null=True, related_name="+")
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    # For the check page: no personal data.
    public_facts = models.JSONField(default=dict, blank=True)
    # What the PDF is rendered from (`Facts.dump`).
    facts = models.JSONField(default=dict, blank=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("created at"))

    EVENTS: ClassVar[Any]
    workflow_name = "documents.document"

    class Meta:
        verbose_name = pgettext_lazy("model", "document")
        verbose_name_plural = _("documents")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state=DocumentState.ACTIVE) | models.Q(file__isnull=False) | models.Q(kind="carried"),
                name="documents_active_has_file",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")), name="documents_period"
            ),
        ]
        indexes = [
            models.Index(fields=["subject", "kind"], name="documents_subject"),
            models.Index(fields=["holder_key"], name="documents_holder"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_expired(self) -> bool:
        return self.valid_to is not None and self.valid_to < clock.today()

    @property
    def live_state(self) -> str:
        """valid, not_yet, expired, suspended, revoked, superseded or draft, as of today."""
        if self.state in (DocumentState.ACTIVE, DocumentState.CARRIED_OVER):
            if self.valid_from is not None and self.valid_from > clock.today():
                return "not_yet"
            return "expired" if self.is_expired else "valid"
        return self.state


class DocumentEvent(StateEvent):
    subject = models.ForeignKey(Document, models.PROTECT, related_name="events")

    class Meta:
        indexes = [models.Index(fields=["subject", "id"], name="documents_event_subject")]


Document.EVENTS = DocumentEvent


class VerificationCheck(models.Model):
    """One check of a code on the check page, without an address."""

    at = models.DateTimeField()
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="checks")
    found = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.found}"


class SealState(models.TextChoices):
    READY = "ready", _("ready")
    AWAY = "away", _("away")
    NO_PIN = "no_pin", _("no PIN on file")
    NO_KEY = "no_key", _("key or certificate missing")
    PIN_REFUSED = "pin_refused", _("PIN refused")
    PIN_LOCKED = "pin_locked", _("PIN locked")


class SealToken(models.Model):
    """The last known state of the PKCS#11 token with the seal's key, one row for each token and key; for staff and `/readyz`.

    `pin_digest` is a keyed hash of the PIN that was sent last. A PIN that was refused is not sent again, since a token locks itself
    after a few wrong ones; a changed PIN is tried automatically.
    """

    key = models.CharField(max_length=64, primary_key=True)
    token = models.CharField(_("token"), max_length=64)
    key_label = models.CharField(_("key of the seal"), max_length=64)
    state = models.CharField(_("state"), max_length=12, choices=SealState, default=SealState.AWAY)
    detail = models.CharField(_("what the module says"), max_length=200, blank=True)
    pin_digest = models.CharField(max_length=64, blank=True)
    pin_refused_at = models.DateTimeField(_("PIN refused"), null=True, blank=True)
    since = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last looked at"))

    class Meta:
        verbose_name = _("token of the seal")
        verbose_name_plural = _("tokens of the seal")

    def __str__(self) -> str:
        return str(_("token of the seal"))
