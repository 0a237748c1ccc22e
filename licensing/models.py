"""Health licences and their renewals, inspections, and boards with the requests that license them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from licensing.bulk.models import BatchKind as BatchKind
from licensing.bulk.models import BatchLine as BatchLine
from licensing.bulk.models import BatchLineState as BatchLineState
from licensing.bulk.models import RenewalBatch as RenewalBatch
from licensing.health.appeals.models import Appeal as Appeal
from licensing.health.new_licence.models import LicenceSource as LicenceSource
from licensing.health.new_licence.models import NewLicence as NewLicence
from licensing.health.transfers.models import LicenceTransfer as LicenceTransfer
from licensing.inspections.models import AnswerValue as AnswerValue
from licensing.inspections.models import DayPart as DayPart
from licensing.inspections.models import Inspection as Inspection
from licensing.inspections.models import InspectionAnswer as InspectionAnswer
from licensing.inspections.models import InspectionEvent as InspectionEvent
from licensing.inspections.models import InspectionVisit as InspectionVisit
from licensing.inspections.models import VisitOutcome as VisitOutcome
from licensing.measures.models import Measure as Measure
from licensing.signage.changes.models import ChangedBoard
from licensing.signage.consents.models import BoardConsent as BoardConsent
from licensing.signage.consents.models import ConsentAnswer as ConsentAnswer
from licensing.signage.consents.models import ConsentRole as ConsentRole
from licensing.signage.life.models import BoardEnd as BoardEnd
from licensing.signage.life.models import BoardEndReason as BoardEndReason
from licensing.workers.models import WorkerCertificate as WorkerCertificate
from municipality.cases.models import Case
from municipality.documents.models import Document, StoredFile
from municipality.kernel import ids
from municipality.rulebook.models import BoardClass, BoardMedium, BoardPeriod, BoardRuleKind, BoardSubject, RuleSet
from municipality.uploads.models import Upload
from shops.models import Sensitivity, Shop


class HealthLicence(models.Model):
    """A health licence of a non-food shop: its period and the document that proves it."""

    shop = models.ForeignKey(Shop, models.PROTECT, related_name="+", verbose_name=_("shop"))
    document = models.OneToOneField(Document, models.PROTECT, related_name="+", verbose_name=_("document"))
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))
    previous = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="next")
    is_current = models.BooleanField(_("current"), default=True)
    # The register's facts at issue; compared at the next renewal.
    registered_facts = models.JSONField(default=dict)
    # The newest reminder that was sent: how many days before the last day it was due.
    reminded_days = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)

    current_facts: dict[str, str]  # set by `licensing.health.queries.licences_of`

    class Meta:
        verbose_name = _("health licence")
        verbose_name_plural = pgettext_lazy("model", "health licences")
        constraints = [
            models.UniqueConstraint(fields=["shop"], condition=models.Q(is_current=True), name="licensing_one_current"),
            models.CheckConstraint(condition=models.Q(last_day__gte=models.F("first_day")), name="licensing_period"),
        ]
        indexes = [models.Index(fields=["last_day", "reminded_days"], condition=models.Q(is_current=True), name="licensing_ending")]

    def __str__(self) -> str:
        return self.document.number


class Lane(models.TextChoices):
    CLEAN = "clean", _("By a published rule")
    OFFICER = "officer", _("Studied by an officer")


class Act(models.TextChoices):
    """What is asked for; the service of the case is `licensing.<act>`."""

    RENEWAL = "renewal", _("Renewal")
    CHANGE = "change", _("Change between two renewals")
    DUPLICATE = "duplicate", _("Duplicate of a lost or damaged licence")
    TRANSFER = "transfer", _("Transfer to another holder")


class Renewal(models.Model):
    """One renewal, or another act on a licence between two renewals; its state is that of its case.

    All but a renewal keep the last day of the licence. A change and a transfer are in force from their issue, not from `first_day`.

    The lane says who approves: the rules, automatically, or an officer, who decides about the rows of `RenewalChange` and `flags`,
    the codes of the unmet conditions.
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="+")
    act = models.CharField(_("what is asked for"), max_length=10, choices=Act, default=Act.RENEWAL)
    licence = models.ForeignKey(HealthLicence, models.PROTECT, related_name="renewals")
    first_day = models.DateField()
    last_day = models.DateField()
    registered_facts = models.JSONField(default=dict)
    declared_at = models.DateTimeField()
    lane = models.CharField(_("lane"), max_length=10, choices=Lane, default=Lane.CLEAN)
    flags = models.JSONField(_("reasons for the study"), default=list, blank=True)
    years = models.PositiveSmallIntegerField(_("number of periods of validity"), default=1)
    is_late = models.BooleanField(_("after the due date"), default=False)
    # The registered facts as the officer accepted them; the new licence states these.
    accepted_facts = models.JSONField(null=True, blank=True)
    refusal = models.OneToOneField(Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("refusal decision"))
    new_licence = models.OneToOneField(HealthLicence, models.PROTECT, null=True, blank=True, related_name="renewed_by")

    class Meta:
        verbose_name = _("renewal")
        verbose_name_plural = _("renewals")
        constraints = [
            models.CheckConstraint(condition=models.Q(last_day__gte=models.F("first_day")), name="licensing_renewal_period"),
            models.CheckConstraint(condition=models.Q(years__gte=1), name="licensing_renewal_years"),
            models.CheckConstraint(condition=models.Q(lane__in=Lane.values), name="licensing_renewal_lane"),
            models.CheckConstraint(condition=models.Q(lane="officer") | models.Q(flags=[]), name="licensing_flags_go_to_officer"),
            # A duplicate changes nothing, so nobody decides; a change and a transfer are always decided.
            models.CheckConstraint(
                condition=models.Q(act="renewal")
                | models.Q(act__in=["change", "transfer"], lane="officer", is_late=False)
                | models.Q(act="duplicate", lane="clean", is_late=False),
                name="licensing_act_lane",
            ),
        ]

    def __str__(self) -> str:
        return self.case.reference


class RenewalChange(models.Model):
    """One declared fact with what the register says. Insert only: an answer to corrections is another row.

    `round` is 0 for the request as sent, then the number of the round of corrections; the row with the highest one counts.
    `secret` has the manager's civil number encrypted and its keyed hash; no page shows it.
    """

    renewal = models.ForeignKey(Renewal, models.PROTECT, related_name="changes")
    round = models.PositiveSmallIntegerField(_("round"), default=0)
    name = models.CharField(_("fact"), max_length=40)
    before = models.JSONField(_("in the register"), default=dict)
    after = models.JSONField(_("declared value"), default=dict)
    secret = models.JSONField(default=dict, blank=True)
    sensitivity = models.CharField(max_length=10, choices=Sensitivity, default=Sensitivity.OPEN)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("declared change")
        verbose_name_plural = _("declared changes")
        constraints = [models.UniqueConstraint(fields=["renewal", "round", "name"], name="licensing_change_once")]

    def __str__(self) -> str:
        return f"{self.name} #{self.round}"


class BoardRequest(models.Model):
    """One request to license boards of a shop; its state is that of its case.

    `fee_fils` and `deposit_fils` are the sums of its boards. `document` is the one licence of all of them. `rules` is the edition that its
    boards were checked by on the day `checked_on`; requests from before the check have none. The lane is clean where nothing but renewed
    boards is asked for, none of them changed, and the rules leave nothing open: then no officer decides.
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="board_request", verbose_name=_("request"))
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="+", verbose_name=_("shop"))
    fee_fils = models.PositiveBigIntegerField(_("fees in fils"))
    deposit_fils = models.PositiveBigIntegerField(_("deposits in fils"))
    edition = models.CharField(_("edition of the fees"), max_length=60)
    lane = models.CharField(_("lane"), max_length=10, choices=Lane, default=Lane.OFFICER)
    files_key = models.CharField(max_length=60, unique=True)
    rules = models.ForeignKey(RuleSet, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("edition of the rules"))
    checked_on = models.DateField(_("checked on"), null=True, blank=True)
    document = models.OneToOneField(Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("licence"))

    class Meta:
        verbose_name = _("request for boards")
        verbose_name_plural = _("requests for boards")
        constraints = [
            models.CheckConstraint(condition=models.Q(lane__in=Lane.values), name="licensing_boards_lane"),
        ]

    def __str__(self) -> str:
        return self.case.reference

    @property
    def fils(self) -> int:
        """What is paid for all boards."""
        return self.fee_fils + self.deposit_fils


class Board(ChangedBoard):
    """One board of a request, with the rate of the day on which it was sent; lengths in centimetres, amounts in fils.

    What is counted in pieces (carts, motorcycles) has no size. The two days are those of its licence, once that is issued. What a rule
    needs and nobody stated is empty: `top_cm` is the height of the upper edge above the ground, `next_cm` the distance to the next
    free-standing board, `front_cm` the width of the shop front, `projection_cm` how far the board stands out from the wall; `approval`
    names an official approval of what is advertised.

    `previous` is the board that this one renews, or changes. Its deposit is still held: a renewed board has none of its own, a changed
    one the difference.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    request = models.ForeignKey(BoardRequest, models.PROTECT, related_name="boards", verbose_name=_("request"))
    line = models.PositiveSmallIntegerField(_("number in the request"))
    previous = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="renewals", verbose_name=_("renews"))
    board_class = models.CharField(_("class"), max_length=20, choices=BoardClass)
    medium = models.CharField(_("medium"), max_length=20, choices=BoardMedium)
    width_cm = models.PositiveIntegerField(_("width in centimetres"))
    height_cm = models.PositiveIntegerField(_("height in centimetres"))
    faces = models.PositiveSmallIntegerField(_("faces"))
    pieces = models.PositiveSmallIntegerField(_("pieces"))
    months = models.PositiveSmallIntegerField(_("months"))
    place = models.CharField(_("place"), max_length=120)
    is_lit = models.BooleanField(_("lit"), default=False)
    projection_cm = models.PositiveIntegerField(_("projection from the wall in centimetres"), null=True, blank=True)
    is_standing = models.BooleanField(_("stands on the ground on a base of its own"), default=False)
    top_cm = models.PositiveIntegerField(_("height of the upper edge in centimetres"), null=True, blank=True)
    next_cm = models.PositiveIntegerField(_("distance to the next free-standing board in centimetres"), null=True, blank=True)
    front_cm = models.PositiveIntegerField(_("width of the shop front in centimetres"), null=True, blank=True)
    subject = models.CharField(_("what the board advertises"), max_length=10, choices=BoardSubject, blank=True)
    approval = models.CharField(_("official approval"), max_length=120, blank=True)
    period = models.CharField(_("period"), max_length=5, choices=BoardPeriod)
    rate_fils = models.PositiveBigIntegerField(_("fils for a square metre and face"))
    flat_fils = models.PositiveBigIntegerField(_("fils for a piece"))
    deposit_percent = models.PositiveSmallIntegerField(_("deposit in per cent of the fee"))
    article_ar = models.CharField(_("article in Arabic"), max_length=200)
    article_en = models.CharField(_("article in English"), max_length=200)
    revenue_account = models.CharField(_("revenue account"), max_length=20)
    fee_fils = models.PositiveBigIntegerField(_("fee in fils"))
    deposit_fils = models.PositiveBigIntegerField(_("deposit in fils"))
    first_day = models.DateField(_("from"), null=True, blank=True)
    last_day = models.DateField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "board")
        verbose_name_plural = pgettext_lazy("model", "boards")
        ordering = ["request", "line"]
        constraints = [
            models.UniqueConstraint(fields=["request", "line"], name="licensing_board_line"),
            models.CheckConstraint(
                condition=models.Q(line__gte=1, faces__gte=1, pieces__gte=1, months__gte=1)
                & (models.Q(fee_fils__gt=0) | models.Q(months_left__isnull=False)),
                name="licensing_board_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(width_cm__gt=0, height_cm__gt=0) | models.Q(width_cm=0, height_cm=0, flat_fils__gt=0),
                name="licensing_board_size",
            ),
            models.CheckConstraint(
                condition=models.Q(board_class__in=BoardClass.values, medium__in=BoardMedium.values, period__in=BoardPeriod.values)
                & models.Q(subject__in=["", *BoardSubject.values]),
                name="licensing_board_choices",
            ),
            models.CheckConstraint(
                condition=models.Q(first_day__isnull=True, last_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")),
                name="licensing_board_days",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def number(self) -> str:
        """The number that stands on the board: that of the licence with its own; empty before it is issued."""
        document = self.request.document
        return f"{document.number}/{self.line}" if document is not None else ""


class BoardDrawing(models.Model):
    """The outline of a board on a photo of its request, by which its size was measured.

    Points are pixels of the photo as it is stored. `known` are the corners of the door or shutter whose width, and perhaps height, was
    stated in centimetres. `picture` is the cut of the photo with the board alone, which everybody may see once it is licensed.
    """

    board = models.OneToOneField(Board, models.PROTECT, related_name="drawing", verbose_name=pgettext_lazy("model", "board"))
    photo = models.ForeignKey(Upload, models.PROTECT, related_name="+", verbose_name=_("photo"))
    known = models.JSONField(_("corners of the door or shutter"))
    outline = models.JSONField(_("outline of the board"))
    known_width_cm = models.PositiveIntegerField(_("width of the door or shutter in centimetres"))
    known_height_cm = models.PositiveIntegerField(_("height of the door or shutter in centimetres"), null=True, blank=True)
    picture = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("picture of the board"))

    class Meta:
        verbose_name = _("drawing of a board")
        verbose_name_plural = _("drawings of boards")

    def __str__(self) -> str:
        return f"{self.board_id}: {self.photo_id}"

    @property
    def known_points(self) -> str:
        """The corners of the door or shutter as SVG writes points."""
        return " ".join(f"{x},{y}" for x, y in self.known)

    @property
    def outline_points(self) -> str:
        """The outline of the board as SVG writes points."""
        return " ".join(f"{x},{y}" for x, y in self.outline)


class BoardOutcome(models.TextChoices):
    PASSES = "passes", _("In order")
    FAILS = "fails", _("Not allowed")
    UNKNOWN = "unknown", _("Cannot be measured")


class BoardCheck(models.Model):
    """The result of a kind of rule for a board, as it was when the request was sent.

    `measured_value` and `limit_value` are centimetres, for the share of the front per mille; None for what is banned, and where nothing
    was measured. The texts say both with their units. An assumption is a question to the officer: it stops no request, and only staff
    see it. `plot_url` is the page of the measured plot; only what is checked for a page has one.
    """

    plot_url = ""
    board = models.ForeignKey(Board, models.PROTECT, related_name="checks", verbose_name=pgettext_lazy("model", "board"))
    kind = models.CharField(_("rule"), max_length=10, choices=BoardRuleKind)
    outcome = models.CharField(_("result"), max_length=10, choices=BoardOutcome)
    measured_value = models.PositiveIntegerField(_("measured value"), null=True, blank=True)
    limit_value = models.PositiveIntegerField(_("limit"), null=True, blank=True)
    measured_ar = models.CharField(_("measured value in Arabic"), max_length=300)
    measured_en = models.CharField(_("measured value in English"), max_length=300)
    limit_ar = models.CharField(_("limit in Arabic"), max_length=300)
    limit_en = models.CharField(_("limit in English"), max_length=300)
    article_ar = models.CharField(_("article in Arabic"), max_length=200)
    article_en = models.CharField(_("article in English"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        verbose_name = _("rule check of a board")
        verbose_name_plural = _("rule checks of boards")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["board", "kind", "is_assumption"], name="licensing_board_check_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=BoardRuleKind.values, outcome__in=BoardOutcome.values), name="licensing_board_check_choices"
            ),
            # The result of a figure is what its comparison with the limit gives.
            models.CheckConstraint(
                condition=models.Q(kind__in=["land", "subject"], measured_value__isnull=True, limit_value__isnull=True)
                | models.Q(kind__in=["height", "share", "projection", "distance"], limit_value__isnull=False)
                & (
                    models.Q(outcome="unknown", measured_value__isnull=True)
                    | models.Q(measured_value__isnull=False)  # a comparison with NULL is no refusal
                    & (
                        models.Q(kind__in=["height", "share", "projection"], outcome="passes", measured_value__lte=models.F("limit_value"))
                        | models.Q(kind__in=["height", "share", "projection"], outcome="fails", measured_value__gt=models.F("limit_value"))
                        | models.Q(kind="distance", outcome="passes", measured_value__gte=models.F("limit_value"))
                        | models.Q(kind="distance", outcome="fails", measured_value__lt=models.F("limit_value"))
                    )
                ),
                name="licensing_board_check_compared",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.outcome}"

    @property
    def tone(self) -> str:
        """The kind of its tag."""
        return {"passes": "ok", "fails": "bad"}.get(self.outcome, "warn")

    @property
    def stops(self) -> bool:
        """Whether it stops a request: what no law states never does."""
        return self.outcome == BoardOutcome.FAILS and not self.is_assumption
