"""Skills, absences and conflicts of interest of officers: they decide which cases an officer may be assigned."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Skill(models.Model):
    """An officer may decide cases of this kind."""

    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("officer"))
    code = models.CharField(_("field of work"), max_length=40)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("given by"))
    given_at = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("ended on"), null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "field of work")
        verbose_name_plural = _("fields of work of officers")
        constraints = [
            models.UniqueConstraint(fields=["officer", "code"], condition=models.Q(ended_at__isnull=True), name="review_skill_once"),
            models.CheckConstraint(condition=~models.Q(officer=models.F("given_by")), name="review_skill_two_people"),
        ]

    def __str__(self) -> str:
        return self.code


class AbsenceKind(models.TextChoices):
    LEAVE = "leave", _("Annual leave")
    SICK = "sick", _("Sick leave")
    DUTY = "duty", _("Official duty")
    TRAINING = "training", _("Training")


class Absence(models.Model):
    """Days on which an officer is assigned no cases, and loses assigned ones."""

    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("officer"))
    kind = models.CharField(_("kind"), max_length=20, choices=AbsenceKind)
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"))
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints = [
            models.CheckConstraint(condition=models.Q(last_day__gte=models.F("first_day")), name="review_absence_period"),
            models.CheckConstraint(condition=models.Q(kind__in=AbsenceKind.values), name="review_absence_kind"),
        ]
        indexes = [models.Index(fields=["officer", "last_day"], name="review_absence_officer")]

    def __str__(self) -> str:
        return f"{self.kind} {self.first_day}"


class ConflictKind(models.TextChoices):
    SELF = "self", _("The officer themselves")
    RELATIVE = "relative", _("Relative")
    BUSINESS = "business", _("Business interest")
    DISPUTE = "dispute", _("Dispute")
    GIVEN_BACK = "given_back", _("Gave the request back to the queue")  # a conflict with one case, which they are not assigned again
    DECIDED = "decided", _("Took part in the decision appealed against")  # took part in the decision that is appealed
    RECUSED = "recused", _("Withdrew from signing")  # a conflict with one case, whose refusal they do not sign


# Kinds that nobody declares and nobody ends: they follow from what the officer did.
FROM_ACTS = (ConflictKind.GIVEN_BACK, ConflictKind.DECIDED, ConflictKind.RECUSED)


class ConflictOfInterest(models.Model):
    """A conflict of interest of an officer with a person, organisation or shop: they are assigned no cases of that party."""

    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("officer"))
    party_key = models.CharField(_("other party"), max_length=80)  # person:…, organisation:…, shop:…, case:…
    kind = models.CharField(_("connection"), max_length=20, choices=ConflictKind)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("declared by"))
    declared_at = models.DateTimeField(_("declared at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("ended by")
    )

    class Meta:
        verbose_name = _("declared conflict of interest")
        verbose_name_plural = _("declared conflicts of interest")
        constraints = [
            models.UniqueConstraint(
                fields=["officer", "party_key"], condition=models.Q(ended_at__isnull=True), name="review_conflict_once"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True)
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_by=models.F("officer"))),
                name="review_conflict_ended_by_another",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=ConflictKind.values), name="review_conflict_kind"),
        ]
        indexes = [models.Index(fields=["party_key"], name="review_conflict_party")]

    def __str__(self) -> str:
        return f"{self.kind} {self.party_key}"
