"""A request for a new health licence; imported by `licensing.models`."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.accounts.models import Organisation, User
from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from shops.models import Shop


class LicenceSource(models.TextChoices):
    REGISTER = "register", _("register of shops")
    MINISTRY = "ministry", _("Ministry of Commerce and Industry")
    COPY = "copy", _("copy of the licence, sent by the applicant")


class NewLicence(models.Model):
    """One request for the first licence of a shop; its state is that of its case.

    The facts are frozen when it is sent, with `zoning_answer` of that day (`zoning.answer.places.PlaceAnswer.facts`). The commercial
    licence is stated once the location is approved, `shop` is the entry of the register once there is one. A licence that
    `ends_with_commercial` has the last day of that licence.
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="+", verbose_name=_("request"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("organisation"))
    name_ar = models.CharField(_("trade name in Arabic"), max_length=160)
    name_en = models.CharField(_("trade name in English"), max_length=160)
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="+", verbose_name=_("activity"))
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("area"))
    block = models.CharField(pgettext_lazy("field", "block"), max_length=10)
    street = models.CharField(_("street"), max_length=60)
    building = models.CharField(_("building"), max_length=20, blank=True)
    plot = models.CharField(_("plot"), max_length=20, blank=True)
    floor = models.CharField(_("floor"), max_length=20, blank=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    paci_number = models.CharField(_("PACI address number"), max_length=8)
    area_m2 = models.PositiveIntegerField(_("area in square metres"))
    manager_name_ar = models.CharField(_("responsible manager in Arabic"), max_length=120)
    manager_name_en = models.CharField(_("responsible manager in English"), max_length=120)
    manager_civil_id_digest = models.CharField(max_length=64, editable=False)
    manager_civil_id_cipher = models.TextField(editable=False)
    manager_civil_id_masked = models.CharField(_("civil number of the manager"), max_length=12, editable=False)
    ends_with_commercial = models.BooleanField(_("ends with the commercial licence"), default=False)
    zoning_answer = models.JSONField(_("zoning answer when it was sent"), default=dict)
    against_zoning = models.BooleanField(_("zoning did not permit it when it was sent"), default=False)
    files_key = models.CharField(max_length=60, unique=True)
    declared_at = models.DateTimeField()
    approval = models.OneToOneField(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approval of the location")
    )
    refusal = models.OneToOneField(Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("refusal decision"))
    commercial_license_no = models.CharField(_("commercial licence number"), max_length=20, blank=True)
    commercial_license_end = models.DateField(_("end of the commercial licence"), null=True, blank=True)
    commercial_source = models.CharField(_("source"), max_length=10, choices=LicenceSource, blank=True)
    shop = models.ForeignKey(Shop, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("shop"))
    licence = models.OneToOneField(
        "licensing.HealthLicence", models.PROTECT, null=True, blank=True, related_name="requested_by", verbose_name=_("health licence")
    )

    class Meta:
        verbose_name = _("request for a new health licence")
        verbose_name_plural = _("requests for new health licences")
        constraints = [
            models.CheckConstraint(condition=~models.Q(building="") | ~models.Q(plot=""), name="licensing_new_building_or_plot"),
            models.CheckConstraint(condition=models.Q(paci_number__regex=r"^[0-9]{8}$"), name="licensing_new_paci_number"),
            models.CheckConstraint(
                condition=models.Q(commercial_license_no="", commercial_license_end__isnull=True, commercial_source="")
                | models.Q(commercial_license_end__isnull=False, commercial_source__in=LicenceSource.values)
                & ~models.Q(commercial_license_no=""),
                name="licensing_new_commercial_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(licence__isnull=True) | models.Q(shop__isnull=False, commercial_license_end__isnull=False),
                name="licensing_new_licence_of_shop",
            ),
        ]

    def __str__(self) -> str:
        return self.case.reference

    @property
    def holder(self) -> User | Organisation:
        """Who is to hold the shop and its licence."""
        return self.organisation or self.case.applicant

    @property
    def place(self) -> dict[str, Any]:
        """The address as `licensing.health.changes` names it."""
        return {"area": self.area_id, **{name: getattr(self, name) for name in ADDRESS}}


ADDRESS = ("block", "street", "building", "plot", "floor", "unit", "paci_number")
