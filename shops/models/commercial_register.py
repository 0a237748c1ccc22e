"""What the commercial register delivered, how far it was read, and how it differs from the Municipality's register."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.audit.models import StateEvent
from municipality.kernel import ids
from municipality.kernel.workflow import move, workflow

Q = models.Q
DIFFERENCE = "shops.commercial_difference"
KEEPER = "register_keeper"


class DifferenceState(models.TextChoices):
    OPEN = "open", _("Waits for a person")
    ACCEPTED = "accepted", _("Taken into the register")
    DISMISSED = "dismissed", _("Dismissed")
    SETTLED = "settled", _("Settled by itself")


D = DifferenceState
DIFFERENCE_WORKFLOW = workflow(
    DIFFERENCE,
    D.OPEN,
    # One row while undecided: a later statement of the commercial register replaces the earlier one.
    move("restate", D.OPEN, to=D.OPEN, label=_("The commercial register says something newer")),
    move("accept", D.OPEN, to=D.ACCEPTED, may=KEEPER, label=_("Take it into the register")),
    move("dismiss", D.OPEN, to=D.DISMISSED, may=KEEPER, needs_reason=True, label=_("Dismiss")),
    move("settle", D.OPEN, to=D.SETTLED, needs_reason=True, label=_("Nothing differs any more")),
)


class CommercialFeed(models.Model):
    """One external register and how far its changes were read. The cursor moves in the transaction of its page."""

    code = models.CharField(max_length=20, unique=True)
    cursor = models.CharField(max_length=200, blank=True)
    as_of = models.DateTimeField(null=True)  # time of the request of the last page of the last complete delta

    def __str__(self) -> str:
        return self.code


class RunReason(models.TextChoices):
    NIGHT = "night", _("Every night")
    ASKED = "asked", _("Asked for by staff")


class CommercialRun(models.Model):
    """One delta from its first page to its last. At most one is running."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    feed = models.ForeignKey(CommercialFeed, models.PROTECT, related_name="runs")
    why = models.CharField(_("reason"), max_length=10, choices=RunReason)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("asked for by"))
    is_full = models.BooleanField(_("whole listing"), default=False)  # a full listing: licences that it does not list do not exist there
    began_at = models.DateTimeField(_("began at"))
    moved_at = models.DateTimeField()  # time of the last page or attempt
    ended_at = models.DateTimeField(_("ended at"), null=True)
    pages = models.PositiveIntegerField(_("pages"), default=0)
    fresh = models.PositiveIntegerField(_("changes"), default=0)
    known = models.PositiveIntegerField(_("known before"), default=0)  # delivered before, ignored
    late = models.PositiveIntegerField(_("older than ours"), default=0)  # an older version after a newer one; saved, not applied
    applied = models.PositiveIntegerField(_("applied"), default=0)
    raised = models.PositiveIntegerField(_("new differences"), default=0)
    settled = models.PositiveIntegerField(_("settled differences"), default=0)
    missing = models.PositiveIntegerField(_("missing there"), default=0)  # our licences that a full listing does not list
    is_doubted = models.BooleanField(default=False)  # too many were missing, so that they were ignored

    class Meta:
        verbose_name = _("synchronisation with the commercial register")
        verbose_name_plural = _("synchronisations with the commercial register")
        constraints = [
            models.UniqueConstraint(fields=["feed"], condition=Q(ended_at__isnull=True), name="shops_run_one_open"),
            models.CheckConstraint(condition=Q(why__in=RunReason.values), name="shops_run_why"),
        ]

    def __str__(self) -> str:
        return self.public_id


class OutageCode(models.TextChoices):
    AWAY = "away", _("It does not answer")
    SLOW = "slow", _("It answers too slowly")
    FAILED = "failed", _("It answers with an error")
    KEY = "key", _("It refuses our key")
    GARBLED = "garbled", _("Its answer cannot be read")
    CUT = "cut", _("Its answer is cut short")


class CommercialOutage(models.Model):
    """One outage of the register: one row, however many attempts failed."""

    feed = models.ForeignKey(CommercialFeed, models.PROTECT, related_name="outages")
    code = models.CharField(_("reason"), max_length=10, choices=OutageCode)
    began_at = models.DateTimeField(_("started at"))
    last_at = models.DateTimeField(_("last try"))
    next_at = models.DateTimeField(_("next try"))
    tries = models.PositiveIntegerField(_("tries"), default=1)
    ended_at = models.DateTimeField(_("ended on"), null=True)

    class Meta:
        verbose_name = _("outage of the commercial register")
        verbose_name_plural = _("outages of the commercial register")
        constraints = [
            models.UniqueConstraint(fields=["feed"], condition=Q(ended_at__isnull=True), name="shops_outage_one_open"),
            models.CheckConstraint(condition=Q(code__in=OutageCode.values), name="shops_outage_code"),
        ]

    def __str__(self) -> str:
        return f"{self.feed_id} {self.code}"


class NoticeStatus(models.TextChoices):
    FRESH = "fresh", _("Newer than what we had")
    LATE = "late", _("Older than what we had, not applied")
    UNREADABLE = "unreadable", _("Cannot be read, a person looks at it")


class CommercialNotice(models.Model):
    """One version of one licence as delivered. Insert only; a civil number is saved as its keyed hash."""

    feed = models.ForeignKey(CommercialFeed, models.PROTECT, related_name="notices")
    licence_no = models.CharField(_("commercial licence number"), max_length=20)
    version = models.BigIntegerField(_("version"))
    body = models.JSONField(_("text"))
    standing = models.CharField(_("verdict"), max_length=12, choices=NoticeStatus)
    run = models.ForeignKey(CommercialRun, models.PROTECT, null=True, related_name="notices")  # null: requested alone
    received_at = models.DateTimeField(_("came in at"))

    class Meta:
        verbose_name = _("notice from the commercial register")
        verbose_name_plural = _("notices from the commercial register")
        constraints = [
            models.UniqueConstraint(fields=["feed", "licence_no", "version"], name="shops_notice_once"),
            models.CheckConstraint(condition=Q(standing__in=NoticeStatus.values), name="shops_notice_standing"),
            models.CheckConstraint(condition=Q(version__gte=0), name="shops_notice_version"),
        ]

    def __str__(self) -> str:
        return f"{self.licence_no} v{self.version}"


class LicenceStatus(models.TextChoices):
    ACTIVE = "active", _("Valid")
    EXPIRED = "expired", _("Ended")
    CANCELLED = "cancelled", _("Cancelled")


class CommercialLicence(models.Model):
    """The newest known version of one licence. Its version never decreases, by a trigger."""

    feed = models.ForeignKey(CommercialFeed, models.PROTECT, related_name="licences")
    licence_no = models.CharField(_("commercial licence number"), max_length=20)
    version = models.BigIntegerField(_("version"))
    status = models.CharField(_("state"), max_length=10, choices=LicenceStatus, blank=True)  # empty: never read successfully
    notice = models.ForeignKey(CommercialNotice, models.PROTECT, related_name="+")
    seen_in = models.ForeignKey(CommercialRun, models.PROTECT, null=True, related_name="+")  # last full listing that listed it

    class Meta:
        verbose_name = _("licence in the commercial register")
        verbose_name_plural = _("licences in the commercial register")
        constraints = [models.UniqueConstraint(fields=["feed", "licence_no"], name="shops_licence_once")]

    def __str__(self) -> str:
        return self.licence_no


class RegisterDifferenceKind(models.TextChoices):
    NAME = "name", _("Trade name")
    ACTIVITY = "activity", _("Activity")
    ADDRESS = "address", _("Address")
    VALIDITY = "validity", _("End of the commercial licence")
    REGISTRATION = "registration", _("Commercial registration")
    CANCELLED = "cancelled", _("Licence cancelled there")
    RESTORED = "restored", _("Licence valid again, the shop is closed")
    NEW_SHOP = "new_shop", _("Licence without a shop here")
    UNKNOWN = "unknown", _("Licence not known there")
    UNREADABLE = "unreadable", _("Notice that cannot be read")


class CommercialDifferenceEvent(StateEvent):
    subject = models.ForeignKey("shops.CommercialDifference", models.PROTECT, related_name="events")


class CommercialDifference(models.Model):
    """One difference between the two registers. Open, it is unique for a licence and a kind."""

    EVENTS = CommercialDifferenceEvent
    workflow_name = DIFFERENCE

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    feed = models.ForeignKey(CommercialFeed, models.PROTECT, related_name="differences")
    licence_no = models.CharField(_("commercial licence number"), max_length=20)
    kind = models.CharField(_("kind"), max_length=12, choices=RegisterDifferenceKind)
    shop = models.ForeignKey("shops.Shop", models.PROTECT, null=True, related_name="+", verbose_name=_("shop"))
    ours = models.JSONField(_("in our register"), default=dict)  # when the row was written or decided
    theirs = models.JSONField(_("in the commercial register"), default=dict)
    notice = models.ForeignKey(CommercialNotice, models.PROTECT, null=True, related_name="+")  # null: the licence is missing there
    found_at = models.DateTimeField(_("found at"))
    stated_at = models.DateTimeField()  # time of receipt of `theirs`
    state = models.CharField(_("state"), max_length=10, choices=DifferenceState, default=DifferenceState.OPEN)
    last_event = models.ForeignKey(CommercialDifferenceEvent, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("resolved at"), null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("resolved by"))

    class Meta:
        verbose_name = _("difference from the commercial register")
        verbose_name_plural = _("differences from the commercial register")
        constraints = [
            models.UniqueConstraint(
                fields=["feed", "licence_no", "kind"], condition=Q(state=DifferenceState.OPEN), name="shops_difference_stands_once"
            ),
            models.CheckConstraint(condition=Q(state__in=DifferenceState.values), name="shops_difference_state"),
            models.CheckConstraint(condition=Q(kind__in=RegisterDifferenceKind.values), name="shops_difference_kind"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(decided_at__isnull=False), name="shops_difference_decided_whole"
            ),
        ]
        indexes = [
            models.Index(fields=["licence_no", "kind"], name="shops_difference_of"),
            models.Index(fields=["state", "-id"], name="shops_difference_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.licence_no} {self.kind}"

    @property
    def key(self) -> str:
        return f"difference:{self.public_id}"


class RegisteredOwner(models.Model):
    """The owner of a licence by the commercial register: a person, by the keyed hash of the civil number, or an organisation, by
    its number in the commercial register.
    """

    commercial_license_no = models.CharField(_("commercial licence number"), max_length=20, unique=True)
    owner_digest = models.CharField(max_length=64, editable=False, blank=True)
    organisation_no = models.CharField(_("commercial register number of the organisation"), max_length=20, blank=True, default="")
    source = models.CharField(_("source"), max_length=40)
    as_of = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("registered owner")
        verbose_name_plural = _("registered owners")
        constraints = [
            models.CheckConstraint(
                condition=(models.Q(owner_digest="") & ~models.Q(organisation_no=""))
                | (~models.Q(owner_digest="") & models.Q(organisation_no="")),
                name="shops_registered_one_owner",
            )
        ]

    def __str__(self) -> str:
        return self.commercial_license_no
