"""Who sent a report. An import contract lets `reports.reporters` alone read this module."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.models.report import Report


class Reporter(models.Model):
    """Who sent a report: a person who signed in, a phone number that was confirmed, or nobody by name, who has a link with a secret.

    Read by `reports.reporters` only. Deleted some time after the report is closed (`limits.reports`), not while what it
    led to is open (`reports.reporters.retention`).
    """

    report = models.OneToOneField(Report, models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    phone_digest = models.CharField(max_length=64, blank=True, db_index=True)
    phone_cipher = models.TextField(blank=True)
    secret_digest = models.CharField(max_length=64, unique=True)  # of the link to answer, and to say whether it is solved
    device_digest = models.CharField(max_length=64, blank=True, db_index=True)  # for the limits of reports without a name
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reporter")
        verbose_name_plural = _("reporters")
        constraints = [
            models.CheckConstraint(
                condition=Q(phone_digest="", phone_cipher="") | (~Q(phone_digest="") & ~Q(phone_cipher="")), name="reports_reporter_phone"
            )
        ]
        indexes = [models.Index(fields=["person", "-id"], condition=Q(person__isnull=False), name="reports_reporter_person")]

    def __str__(self) -> str:
        return f"{self.report_id}"


class PhoneCode(models.Model):
    """A one-time code that confirms a phone number for the report with a key; hashed for the check, encrypted for the job that sends it.

    Deleted a day after it expires, or with the report that is sent with it (`reports.reporters.phones`).
    """

    key = models.CharField(max_length=36, db_index=True)  # of the report that is being written
    phone_digest = models.CharField(max_length=64)
    phone_cipher = models.TextField()
    code_hash = models.CharField(max_length=64, blank=True)
    code_cipher = models.TextField(blank=True)
    language = models.CharField(max_length=2)
    expires_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("code for a phone number")
        verbose_name_plural = _("codes for phone numbers")
        constraints = [models.CheckConstraint(condition=Q(tries__lte=5), name="reports_code_five_tries")]

    def __str__(self) -> str:
        return f"{self.pk}"
