"""The register of shops: shops, their changes, history and events."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Replace, Upper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.accounts.models import Organisation, User
from municipality.kernel import clock, ids
from municipality.kernel.subjects import SubjectKey
from municipality.places.models import Area, Branch
from municipality.rulebook.models import Activity
from municipality.ui.names import name_of


class Shop(models.Model):
    """A place equipped for commercial, industrial, professional, craft or storage activity (MD 372/2008)."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    name_ar = models.CharField(_("trade name in Arabic"), max_length=160)
    name_en = models.CharField(_("trade name in English"), max_length=160)
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="+", verbose_name=_("activity"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="shops", verbose_name=_("owner")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="shops", verbose_name=_("organisation")
    )
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("municipal branch"))
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("area"))
    block = models.CharField(pgettext_lazy("field", "block"), max_length=10)
    street = models.CharField(_("street"), max_length=60)
    building = models.CharField(_("building"), max_length=20, blank=True)
    plot = models.CharField(_("plot"), max_length=20, blank=True)
    floor = models.CharField(_("floor"), max_length=20, blank=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    paci_number = models.CharField(_("PACI address number"), max_length=8)
    area_m2 = models.PositiveIntegerField(_("area in square metres"), null=True, blank=True)
    manager_name_ar = models.CharField(_("responsible manager in Arabic"), max_length=120, blank=True)
    manager_name_en = models.CharField(_("responsible manager in English"), max_length=120, blank=True)
    # The manager's civil number, as in accounts: encrypted, a keyed hash for look-ups, and masked for display.
    manager_civil_id_digest = models.CharField(max_length=64, blank=True, editable=False)
    manager_civil_id_cipher = models.TextField(blank=True, editable=False)
    manager_civil_id_masked = models.CharField(_("civil number of the manager"), max_length=12, blank=True, editable=False)
    commercial_license_no = models.CharField(_("commercial licence number"), max_length=20, unique=True)
    commercial_license_end = models.DateField(_("end of the commercial licence"))
    commercial_registration_no = models.CharField(
        _("commercial register number"), max_length=20, blank=True
    )  # of the company; shared by its shops
    latitude = models.FloatField(_("latitude"), null=True, blank=True)  # WGS 84
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    opened_on = models.DateField(_("open since"), null=True, blank=True)
    suspended_on = models.DateField(_("suspended on"), null=True, blank=True)
    facts_source = models.CharField(_("source"), max_length=40)
    facts_at = models.DateTimeField(_("updated at"))
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    # Merged into another shop (shops.office.services.merges).
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", db_index=False, verbose_name=_("merged into")
    )

    class Meta:
        verbose_name = pgettext_lazy("model", "shop")
        verbose_name_plural = pgettext_lazy("model", "shops")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(owner__isnull=False, organisation__isnull=True)
                | models.Q(owner__isnull=True, organisation__isnull=False),
                name="shops_one_owner",
            ),
            models.CheckConstraint(condition=models.Q(paci_number__regex=r"^[0-9]{8}$"), name="shops_paci_number"),
            models.CheckConstraint(condition=~models.Q(building="") | ~models.Q(plot=""), name="shops_building_or_plot"),
            models.CheckConstraint(
                condition=models.Q(latitude__isnull=True, longitude__isnull=True)
                | models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="shops_point_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["paci_number"], name="shops_paci"),
            models.Index(
                fields=["latitude", "longitude"],
                condition=models.Q(merged_into__isnull=True, latitude__isnull=False),
                name="shops_place",
            ),
            models.Index(fields=["merged_into"], condition=models.Q(merged_into__isnull=False), name="shops_merged"),
            models.Index(
                # Numbers without their signs, for `shops.office.candidates`; with the number itself for index-only scans.
                Upper(Replace(Replace(F("commercial_license_no"), Value("/")), Value("-"))),
                F("commercial_license_no"),
                condition=models.Q(merged_into__isnull=True),
                name="shops_bare_number",
            ),
        ]

    def __str__(self) -> str:
        return name_of(self)

    @property
    def key(self) -> str:
        return str(SubjectKey("shop", self.public_id))

    @property
    def is_closed(self) -> bool:
        """Closed for good today or before."""
        return self.closed_on is not None and self.closed_on <= clock.today()

    @property
    def is_suspended(self) -> bool:
        return self.suspended_on is not None and self.suspended_on <= clock.today() and not self.is_closed

    @property
    def licensee(self) -> User | Organisation:
        """The person or organisation that holds the licence."""
        return self.organisation or self.owner  # type: ignore[return-value]  # a check constraint: one of them is set

    def public_facts(self) -> dict[str, list[str]]:
        """The facts of the shop that the check page of its documents displays; no person is named."""
        named: dict[str, Any] = {"trade_name": self, "activity": self.activity, "area": self.area, "branch": self.branch}
        return {name: [row.name_ar, row.name_en] for name, row in named.items()}

    def registered_facts(self) -> dict[str, str]:
        """The facts that a licence is issued on; a later difference sends its renewal to an officer."""
        return {
            "name_ar": self.name_ar,
            "name_en": self.name_en,
            "activity": self.activity_id,
            "area": str(self.area_id),
            "block": self.block,
            "street": self.street,
            "building": self.building,
            "plot": self.plot,
            "unit": self.unit,
            "paci_number": self.paci_number,
            "area_m2": "" if self.area_m2 is None else str(self.area_m2),
            "manager_name_ar": self.manager_name_ar,
            "manager_name_en": self.manager_name_en,
        }


class Sensitivity(models.TextChoices):
    """Who may see a value."""

    OPEN = "open", pgettext_lazy("choice", "Public")
    PERSONAL = "personal", _("Personal")


class RegisterChange(models.Model):
    """One changed fact of the register, before and after, and the case that changed it. Insert only."""

    shop = models.ForeignKey(Shop, models.PROTECT, related_name="changes", verbose_name=_("shop"))
    name = models.CharField(_("fact"), max_length=40)
    before = models.JSONField(_("value before"), default=dict)
    after = models.JSONField(_("value after"), default=dict)
    sensitivity = models.CharField(max_length=10, choices=Sensitivity, default=Sensitivity.OPEN)
    source = models.CharField(_("source"), max_length=80)  # subject key of the case
    actor_key = models.CharField(max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change in the register")
        verbose_name_plural = _("changes in the register")
        constraints = [models.UniqueConstraint(fields=["shop", "source", "name"], name="shops_change_once")]
        indexes = [models.Index(fields=["shop", "-id"], name="shops_change_newest")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.name}"


class TradeName(models.Model):
    """A former trade name of a shop, with its days. Insert only."""

    shop = models.ForeignKey(Shop, models.PROTECT, related_name="former_names", verbose_name=_("shop"))
    name_ar = models.CharField(_("trade name in Arabic"), max_length=160)
    name_en = models.CharField(_("trade name in English"), max_length=160, blank=True)
    first_day = models.DateField(_("from"), null=True, blank=True)  # null: not known
    last_day = models.DateField(_("to"))
    source = models.CharField(_("source"), max_length=80)

    class Meta:
        verbose_name = _("former trade name")
        verbose_name_plural = _("former trade names")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")), name="shops_name_period"
            )
        ]
        indexes = [models.Index(fields=["shop", "-last_day"], name="shops_name_of_shop")]

    def __str__(self) -> str:
        return name_of(self)


class ShopActivity(models.Model):
    """A former activity of a shop, with its days. Insert only."""

    shop = models.ForeignKey(Shop, models.PROTECT, related_name="former_activities", verbose_name=_("shop"))
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="+", verbose_name=_("activity"))
    first_day = models.DateField(_("from"), null=True, blank=True)  # null: not known
    last_day = models.DateField(_("to"))
    source = models.CharField(_("source"), max_length=80)

    class Meta:
        verbose_name = _("former activity")
        verbose_name_plural = _("former activities")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")), name="shops_activity_period"
            )
        ]
        indexes = [models.Index(fields=["shop", "-last_day"], name="shops_activity_of_shop")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.activity_id}"


class EventKind(models.TextChoices):
    OPENED = "opened", _("Opened")
    RENAMED = "renamed", _("Renamed")
    MOVED = "moved", _("Moved")
    ACTIVITY_CHANGED = "activity_changed", _("Activity changed")
    TRANSFERRED = "transferred", _("Passed to another holder")
    SUSPENDED = "suspended", _("Suspended")
    RESUMED = "resumed", _("Resumed")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Opened again")
    ENTERED = "entered", _("Entered in the register")
    MERGED = "merged", _("Two entries became one")
    SPLIT = "split", _("One entry became two again")


class ShopEvent(models.Model):
    """One event of a shop. Insert only, by services, together with an audit event.

    `data` is public: names, areas and activities before and after; never a holder.
    """

    shop = models.ForeignKey(Shop, models.PROTECT, related_name="events", verbose_name=_("shop"))
    kind = models.CharField(_("event"), max_length=20, choices=EventKind)
    on = models.DateField(_("on"))
    data = models.JSONField(default=dict, blank=True)
    source = models.CharField(_("source"), max_length=80)  # subject key of the case, or name of the register
    actor_key = models.CharField(max_length=80)
    at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("event in the register of a shop")
        verbose_name_plural = _("events in the register of shops")
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=EventKind.values), name="shops_event_kind"),
            models.UniqueConstraint(fields=["shop", "source", "kind", "on"], name="shops_event_once"),
        ]
        indexes = [models.Index(fields=["shop", "-on", "-id"], name="shops_event_newest")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.kind}"
