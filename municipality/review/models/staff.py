"""Skills, absences and conflicts of interest of officers: they decide which cases an officer may be assigned."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Skill(models.Model):
    """An officer may decide cases of this kind."""

    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="الموظف")
    code = models.CharField("المجال", max_length=40)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="منحه")
    given_at = models.DateTimeField("منذ")
    ended_at = models.DateTimeField("انتهى في", null=True, blank=True)

    class Meta:
        verbose_name = "اختصاص"
        verbose_name_plural = "اختصاصات الموظفين"
        constraints = [
            models.UniqueConstraint(fields=["officer", "code"], condition=models.Q(ended_at__isnull=True), name="review_skill_once"),
            models.CheckConstraint(condition=~models.Q(officer=models.F("given_by")), name="review_skill_two_people"),
        ]

    def __str__(self) -> str:
        return self.code


class AbsenceKind(models.TextChoices):
    LEAVE = "leave", "إجازة دورية"
    SICK = "sick", "إجازة مرضية"
    DUTY = "duty", "مهمة رسمية"
    TRAINING = "training", "تدريب"


class Absence(models.Model):
    """Days on which an officer is assigned no cases, and loses assigned ones."""

    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="الموظف")
    kind = models.CharField("النوع", max_length=20, choices=AbsenceKind)
    first_day = models.DateField("من")
    last_day = models.DateField("إلى")
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="أدخله")
    entered_at = models.DateTimeField("أُدخل في")
    cancelled_at = models.DateTimeField("ألغي في", null=True, blank=True)

    class Meta:
        verbose_name = "غياب"
        verbose_name_plural = "الغياب"
        constraints = [
            models.CheckConstraint(condition=models.Q(last_day__gte=models.F("first_day")), name="review_absence_period"),
            models.CheckConstraint(condition=models.Q(kind__in=AbsenceKind.values), name="review_absence_kind"),
        ]
        indexes = [models.Index(fields=["officer", "last_day"], name="review_absence_officer")]

    def __str__(self) -> str:
        return f"{self.kind} {self.first_day}"


class ConflictKind(models.TextChoices):
    SELF = "self", "الموظف نفسه"
    RELATIVE = "relative", "قريب"
    BUSINESS = "business", "مصلحة تجارية"
    DISPUTE = "dispute", "خصومة"
    GIVEN_BACK = "given_back", "أعاد الطلب إلى الطابور"  # a conflict with one case, which they are not assigned again
    DECIDED = "decided", "شارك في القرار المتظلم منه"  # took part in the decision that is appealed
    RECUSED = "recused", "تنحى عن التوقيع"  # a conflict with one case, whose refusal they do not sign


# Kinds that nobody declares and nobody ends: they follow from what the officer did.
FROM_ACTS = (ConflictKind.GIVEN_BACK, ConflictKind.DECIDED, ConflictKind.RECUSED)


class ConflictOfInterest(models.Model):
    """A conflict of interest of an officer with a person, organisation or shop: they are assigned no cases of that party."""

    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="الموظف")
    party_key = models.CharField("الطرف", max_length=80)  # person:…, organisation:…, shop:…, case:…
    kind = models.CharField("الصلة", max_length=20, choices=ConflictKind)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="صرّح به")
    declared_at = models.DateTimeField("صُرّح في")
    ended_at = models.DateTimeField("انتهت في", null=True, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name="أنهاها")

    class Meta:
        verbose_name = "صلة مصرح بها"
        verbose_name_plural = "الصلات المصرح بها"
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
