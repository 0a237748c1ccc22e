"""Health licences and their renewals."""

from __future__ import annotations

from django.db import models

from municipality.cases.models import Case
from municipality.documents.models import Document
from shops.models import Shop


class HealthLicence(models.Model):
    """A health licence of a non-food shop: its period and the document that proves it."""

    shop = models.ForeignKey(Shop, models.PROTECT, related_name="+", verbose_name="المحل")
    document = models.OneToOneField(Document, models.PROTECT, related_name="+", verbose_name="المستند")
    first_day = models.DateField("من")
    last_day = models.DateField("إلى")
    previous = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="next")
    is_current = models.BooleanField("الحالي", default=True)
    # The register's facts at issue; compared at the next renewal.
    registered_facts = models.JSONField(default=dict)

    class Meta:
        verbose_name = "ترخيص صحي"
        verbose_name_plural = "التراخيص الصحية"
        constraints = [
            models.UniqueConstraint(fields=["shop"], condition=models.Q(is_current=True), name="licensing_one_current"),
            models.CheckConstraint(condition=models.Q(last_day__gte=models.F("first_day")), name="licensing_period"),
        ]
        indexes = [models.Index(fields=["last_day"], condition=models.Q(is_current=True), name="licensing_ending")]

    def __str__(self) -> str:
        return self.document.number


class Renewal(models.Model):
    """The facts of one renewal; its state is the case's."""

    case = models.OneToOneField(Case, models.PROTECT, related_name="+")
    licence = models.ForeignKey(HealthLicence, models.PROTECT, related_name="renewals")
    first_day = models.DateField()
    last_day = models.DateField()
    registered_facts = models.JSONField(default=dict)
    declared_at = models.DateTimeField()
    new_licence = models.OneToOneField(HealthLicence, models.PROTECT, null=True, blank=True, related_name="renewed_by")

    class Meta:
        verbose_name = "تجديد"
        verbose_name_plural = "التجديدات"
        constraints = [models.CheckConstraint(condition=models.Q(last_day__gte=models.F("first_day")), name="licensing_renewal_period")]

    def __str__(self) -> str:
        return self.case.reference
