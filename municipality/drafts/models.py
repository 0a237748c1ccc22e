"""Drafts: requests that are being filled in, and form data saved over a session that ended."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel import ids
from municipality.kernel.subjects import SubjectKey


class Draft(models.Model):
    """The answers of one person about one subject, saved page by page until they are sent as a case or expire."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="drafts", verbose_name=_("person"))
    service = models.CharField(_("service"), max_length=60)
    subject = models.CharField(_("subject"), max_length=80)
    held_under = models.CharField(_("subject of the right to act"), max_length=80, blank=True, default="")  # as that of a case
    # Answers by page: {"changes": {"fields": ["area_m2"]}, "area": {"area_m2": "80"}}.
    answers = models.JSONField(default=dict, blank=True)
    page = models.CharField(_("last page"), max_length=40, blank=True)
    # Incremented with every answer; a page that is submitted names the version it was opened on (optimistic locking).
    version = models.PositiveIntegerField(default=1)
    # The version with which each page was last answered, so that only answers of the same page conflict.
    page_versions = models.JSONField(default=dict, blank=True)
    begun_at = models.DateTimeField(_("started at"))
    changed_at = models.DateTimeField(_("last change"))
    expires_at = models.DateTimeField(_("to be deleted on"))
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)
    sent_as = models.CharField(_("sent as"), max_length=80, blank=True)  # subject key of the case
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("saved request")
        verbose_name_plural = _("saved requests")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "service", "subject"], condition=models.Q(closed_at__isnull=True), name="drafts_one_open"
            ),
            models.CheckConstraint(condition=models.Q(sent_as="") | models.Q(closed_at__isnull=False), name="drafts_sent_is_closed"),
            models.CheckConstraint(condition=models.Q(closed_at__isnull=True) | models.Q(answers={}), name="drafts_closed_holds_nothing"),
        ]
        indexes = [models.Index(fields=["expires_at"], condition=models.Q(closed_at__isnull=True), name="drafts_expiring")]

    def __str__(self) -> str:
        return f"{self.service} {self.public_id}"

    @property
    def key(self) -> str:
        return str(SubjectKey("draft", self.public_id))

    @property
    def rights_key(self) -> str:
        """The subject that a delegation must cover."""
        return self.held_under or self.subject

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Unsaved(models.Model):
    """The form data of a page that a person submitted after their session had ended, encrypted (see `unsaved`)."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    page = models.CharField(max_length=200)  # path without the language
    cipher = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "page"], name="drafts_unsaved_once")]
        indexes = [models.Index(fields=["at"], name="drafts_unsaved_at")]

    def __str__(self) -> str:
        return self.page
