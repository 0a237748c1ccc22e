"""Referrals to the court and judgments."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.documents.models import StoredFile
from municipality.kernel import ids, money
from violations.models.violation import Violation


class ReferralBatch(models.Model):
    """Violations referred together, with the file that was handed over."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    number = models.CharField(_("number"), max_length=40, unique=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made at"))
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("file"))

    class Meta:
        verbose_name = _("batch of referrals")
        verbose_name_plural = _("batches of referrals to the court")

    def __str__(self) -> str:
        return self.number


class Referral(models.Model):
    """One violation of a batch; each is referred once."""

    batch = models.ForeignKey(ReferralBatch, models.PROTECT, related_name="referrals", verbose_name=_("batch"))
    violation = models.OneToOneField(Violation, models.PROTECT, related_name="referral", verbose_name=_("violation report"))

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.violation_id}"


class Judgment(models.Model):
    """The ruling of the court: a fine, or no violation. Entered by one clerk, confirmed by a second."""

    violation = models.OneToOneField(Violation, models.PROTECT, related_name="judgment", verbose_name=_("violation report"))
    ruling_no = models.CharField(_("judgment number"), max_length=40)
    ruled_on = models.DateField(_("date of the judgment"))
    fils = models.BigIntegerField(_("fine in fils"), null=True, blank=True)  # empty: the court found no violation
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered on"))
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("confirmed by")
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    # The newest confirmed ruling on appeal; null: none.
    appeal = models.ForeignKey("AppealRuling", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("ruling on appeal"))

    class Meta:
        verbose_name = _("judgment")
        verbose_name_plural = _("judgments")
        constraints = [
            models.CheckConstraint(
                condition=Q(fils__isnull=True) | Q(fils__gt=0, fils__lte=money.MAX_FILS), name="violations_judgment_amount"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=models.F("entered_by")), name="violations_judgment_two_people"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="violations_judgment_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.ruling_no

    @property
    def ruling(self) -> Judgment | AppealRuling:
        """The ruling in force: the newest on appeal, else this one. Its `fils` is the fine, None for no violation."""
        return self.appeal or self


class AppealCourt(models.TextChoices):
    APPEAL = "appeal", _("Court of Appeal")
    CASSATION = "cassation", _("Court of Cassation")


class AppealOutcome(models.TextChoices):
    CHANGED = "changed", _("Another fine")
    ACQUITTED = "acquitted", _("No violation")
    UPHELD = "upheld", _("The earlier ruling stands")


class AppealRuling(models.Model):
    """The ruling of a higher court on a judgment. Entered by one clerk, confirmed by a second."""

    judgment = models.ForeignKey(Judgment, models.PROTECT, related_name="appeals", verbose_name=_("judgment"))
    court = models.CharField(_("court"), max_length=12, choices=AppealCourt)
    ruling_no = models.CharField(_("number of the ruling"), max_length=40)
    ruled_on = models.DateField(_("day of the ruling"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=AppealOutcome)
    fils = models.BigIntegerField(_("fine after it in fils"), null=True, blank=True)  # empty: no violation
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered on"))
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("confirmed by")
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("ruling on appeal")
        verbose_name_plural = _("rulings on appeal")
        constraints = [
            models.UniqueConstraint(fields=["judgment"], condition=Q(confirmed_at__isnull=True), name="violations_appeal_one_waits"),
            models.CheckConstraint(condition=Q(court__in=AppealCourt.values), name="violations_appeal_court"),
            models.CheckConstraint(
                condition=Q(outcome="changed", fils__isnull=False) | Q(outcome="acquitted", fils__isnull=True) | Q(outcome="upheld"),
                name="violations_appeal_outcome",
            ),
            models.CheckConstraint(
                condition=Q(fils__isnull=True) | Q(fils__gt=0, fils__lte=money.MAX_FILS), name="violations_appeal_amount"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=models.F("entered_by")), name="violations_appeal_two_people"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="violations_appeal_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.ruling_no

    @property
    def violation(self) -> Violation:
        return self.judgment.violation
