"""What limits reports: hidden parts, bans, and the keys and updates of other systems."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.kernel import ids
from reports.models.photo import ReportPhoto
from reports.models.report import Report


class ModeratedPart(models.TextChoices):
    REPORT = "report", _("The whole report")
    WORDS = "words", _("The description")
    PHOTO = "photo", _("A photo")


FIRST_LOOK = "first_look"  # the reason of a report that nobody has looked at yet


class Moderation(models.Model):
    """Something of a report that was hidden from the public for a coded reason, and shown again. Nothing is deleted.

    The portal itself (`by` is empty) hides nothing but a whole report, until a person has looked at it.
    """

    report = models.ForeignKey(Report, models.PROTECT, related_name="moderations", verbose_name=_("report"))
    part = models.CharField(_("part"), max_length=10, choices=ModeratedPart)
    photo = models.ForeignKey(ReportPhoto, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("photo"))
    code = models.CharField(_("reason"), max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("hidden by"))
    at = models.DateTimeField(_("hidden at"))
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("shown again by")
    )
    lifted_at = models.DateTimeField(_("shown again at"), null=True, blank=True)

    class Meta:
        verbose_name = _("moderation")
        verbose_name_plural = _("moderations")
        constraints = [
            models.CheckConstraint(condition=~Q(code=""), name="reports_moderation_reason"),
            models.CheckConstraint(
                condition=Q(part="photo", photo__isnull=False) | (~Q(part="photo") & Q(photo__isnull=True)), name="reports_moderation_part"
            ),
            models.CheckConstraint(
                condition=Q(by__isnull=False) | Q(code=FIRST_LOOK, part=ModeratedPart.REPORT), name="reports_moderation_by_somebody"
            ),
            models.CheckConstraint(condition=Q(lifted_at__isnull=True) | Q(lifted_by__isnull=False), name="reports_moderation_looked_at"),
        ]

    def __str__(self) -> str:
        return f"{self.report_id}: {self.part}"


class Ban(models.Model):
    """A person, phone number or device (`who`, a keyed hash) that cannot report until a time; they may appeal once."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    who = models.CharField(max_length=64, db_index=True)
    code = models.CharField(_("reason"), max_length=40)
    report = models.ForeignKey(Report, models.PROTECT, related_name="+", verbose_name=_("report"))  # the one it is about
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("banned by"))
    at = models.DateTimeField(_("at"))
    until = models.DateTimeField(_("until"))
    appeal = models.TextField(_("appeal"), blank=True)
    appealed_at = models.DateTimeField(_("appealed at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("appeal decided by")
    )
    decided_at = models.DateTimeField(_("appeal decided at"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)

    class Meta:
        verbose_name = _("ban")
        verbose_name_plural = _("bans")
        constraints = [
            models.CheckConstraint(condition=~Q(code="") & Q(until__gt=models.F("at")), name="reports_ban_whole"),
            models.CheckConstraint(condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("by")), name="reports_ban_two_people"),
        ]

    def __str__(self) -> str:
        return self.public_id


class ApiKey(models.Model):
    """The key of another system that sends reports; only its SHA-256 is stored."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    name = models.CharField(_("system"), max_length=80)
    contact = models.CharField(_("contact"), max_length=160)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    per_hour = models.PositiveIntegerField(_("reports an hour"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("key of another system")
        verbose_name_plural = _("keys of other systems")

    def __str__(self) -> str:
        return self.name


class OutsideUpdate(models.Model):
    """What another system said of a report that it sent; each of its ids once. Insert-only. Staff read it; nothing moves by it."""

    api_key = models.ForeignKey(ApiKey, models.PROTECT, related_name="+", verbose_name=_("system"))
    report = models.ForeignKey(Report, models.PROTECT, related_name="outside_updates", verbose_name=_("report"))
    update_id = models.CharField(max_length=80)
    status = models.CharField(_("state"), max_length=40)
    words = models.TextField(_("text"), blank=True)
    updated_at = models.DateTimeField(_("at"))
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        verbose_name = _("update of another system")
        verbose_name_plural = _("updates of other systems")
        constraints = [models.UniqueConstraint(fields=["api_key", "update_id"], name="reports_outside_update_once")]

    def __str__(self) -> str:
        return self.update_id
