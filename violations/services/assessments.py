"""What a violation report would say of the findings of an inspector, before it is issued: whose, how often, how much, and why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core import signing
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.fieldwork import services as fieldwork
from municipality.kernel import clock, money
from municipality.kernel.errors import NotPermitted, Refused
from municipality.places.models import Area
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Offence
from shops.models import Shop
from shops.register import queries as shops
from violations import queries, repeats, rules, units
from violations.models import JudicialWarrant, Signed, Violation
from violations.states import ViolationState

MAX_CLOCK_LEAD = dt.timedelta(minutes=5)  # of the clock of a device
WARNING, COURT = "warning", "court"
_SALT = "violations.confirmation"


@dataclass(frozen=True)
class Findings:
    """What an inspector saw, as the device sends it."""

    client_key: str
    offence: str
    seen_at: dt.datetime
    area: Area
    shop: Shop | None = None
    civil_id: str = ""  # valid; of a party that is no shop
    party_name_ar: str = ""
    quantity_hundredths: int = rules.HUNDRED
    months: int = 0
    block: str = ""
    street: str = ""
    place_note: str = ""
    latitude: float | None = None  # WGS 84
    longitude: float | None = None
    accuracy_m: int | None = None
    signed: str = Signed.ABSENT
    note_ar: str = ""
    origin: str = ""  # the key of what it began from (`violations.origins`)

    @property
    def visit(self) -> fieldwork.SentVisit:
        return fieldwork.SentVisit(self.client_key, self.seen_at, self.latitude, self.longitude, self.accuracy_m)


@dataclass(frozen=True)
class Assessment:
    """What is recorded for findings: a warning until `correct_until`, a settlement of `amount`, or neither (a charge for the court).

    The days to put it right count from the day of the assessment, on which the warning is given, whenever the offence was seen.
    """

    warrant: JudicialWarrant
    offence: Offence
    edition: str
    limits_edition: str
    facts: rules.Measurement
    party: User | None
    repeats: int
    correct_until: dt.date | None
    amount: rules.Amount | None

    @property
    def outcome(self) -> str:
        """`warning` with its last day, `court`, or the amount of the settlement in fils."""
        if self.correct_until is not None:
            return f"{WARNING} {self.correct_until.isoformat()}"
        return COURT if self.amount is None else str(self.amount.fils)


def assess(*, inspector: User, findings: Findings, lock: bool = False) -> Assessment:
    """Assess findings; changes nothing. With `lock`, in a transaction, nobody else can record the same until it ends.

    Raises NotPermitted without a fitting warrant, branch or team, Refused: unknown_offence, bad_quantity, bad_whole_pieces, bad_months,
    from_the_future, too_late, seen_already, and as `shops.refuse_merged`.
    """
    day = clock.day_of(findings.seen_at)
    require_in_time(findings.seen_at, queries.limits()["late_report_hours"])
    catalogue, periods = rulebook.editions([queries.OFFENCES, queries.LIMITS], day)
    offence = catalogue.offences.get(findings.offence)
    if offence is None:
        raise Refused("unknown_offence", _("The catalogue of that day does not have this offence. Please choose one from the list."))
    warrant = _require_warrant(inspector, findings, day)
    facts = facts_of(offence, findings)
    digest = civil_ids.digest(findings.civil_id) if findings.civil_id else ""
    party = User.objects.people().filter(civil_id_digest=digest).first() if digest else None
    _require_first(findings, day, lock=lock)
    count = repeats.repeats(
        offence=offence.code, before=findings.seen_at, days=offence.repeat_days, shop=findings.shop, party=party, digest=digest
    )
    # From its arrival: a visit may be sent days later, and nobody was told before.
    until = clock.today() + dt.timedelta(days=offence.correction_days) if offence.correction_days else None
    limits = {code: limit.value for code, limit in periods.limits.items()}
    amount = offered(offence, facts, count, limits) if until is None else None
    return Assessment(warrant, offence, catalogue.stamp, periods.stamp, facts, party, count, until, amount)


def confirmation(assessment: Assessment, *, inspector: User, findings: Findings) -> str:
    """The signed value that says that an inspector was shown an assessment; the server alone can make it."""
    return signing.dumps(_shown(assessment, inspector, findings), salt=_SALT)


def require_confirmed(assessment: Assessment, *, inspector: User, findings: Findings, confirmed: str) -> None:
    """Raises ConfirmationNeeded unless `confirmed` is the confirmation of this very assessment by this inspector for this visit."""
    try:
        shown = signing.loads(confirmed, salt=_SALT)
    except signing.BadSignature:
        shown = None
    if shown != _shown(assessment, inspector, findings):
        raise fieldwork.ConfirmationNeeded(_("Nothing was issued yet. Please check whom this violation report is against, and confirm it."))


def _shown(assessment: Assessment, inspector: User, findings: Findings) -> list[str]:
    party = findings.shop.public_id if findings.shop is not None else ""
    digest = civil_ids.digest(findings.civil_id) if findings.civil_id else ""
    return [str(inspector.pk), findings.client_key, party, digest, assessment.offence.code, assessment.outcome]


def require_in_time(seen_at: dt.datetime, hours: int) -> None:
    """Raises Refused: from_the_future, too_late."""
    now = clock.now()
    if seen_at > now + MAX_CLOCK_LEAD:
        raise Refused("from_the_future", _("The time of what was seen lies ahead. Please set the clock of the device and send it again."))
    if seen_at < now - dt.timedelta(hours=hours):
        raise Refused("too_late", _("This visit is too old to be sent from the field. Please inspect the place again."))


def offered(offence: Offence, facts: rules.Measurement, repeats: int, limits: Mapping[str, int]) -> rules.Amount | None:
    """The settlement of an offence; None where it goes to the court: the law lets none be settled, or no payment could take the amount."""
    is_settleable = rules.may_be_settled(
        settlement_fils=offence.settlement_fils, band_max_fils=offence.band_max_fils, below_fils=limits["settlement_below_fils"]
    )
    amount = settlement(offence, facts, repeats) if is_settleable else None
    return amount if amount is not None and amount.fils <= money.MAX_FILS else None


def settlement(offence: Offence, facts: rules.Measurement, repeats: int) -> rules.Amount:
    """The amount of an offence that can be settled."""
    return rules.settlement(
        rate_fils=offence.settlement_fils or 0,
        unit=offence.unit,
        facts=facts,
        repeats=repeats,
        repeat_percent=offence.repeat_percent,
        band_max_fils=offence.band_max_fils,
        band_unit=offence.band_unit,
    )


def outlook(offences: Iterable[Offence], shop: Shop) -> dict[str, rules.Amount]:
    """The settlement of each offence that is not measured and not warned about, were it seen at a shop now; by code."""
    chosen = [offence for offence in offences if offence.unit == rules.EACH and not offence.correction_days]
    limits = queries.limits()
    counts = repeats.repeats_at(shop, chosen, clock.now())
    facts = rules.Measurement(rules.HUNDRED, 0)
    found = {offence.code: offered(offence, facts, counts[offence.code], limits) for offence in chosen}
    return {code: amount for code, amount in found.items() if amount is not None}


def formula(amount: rules.Amount, unit: str) -> tuple[str, str]:
    """The computation of an amount in Arabic and English: `5.000 د.ك × 3.50 م² × 200%`."""
    rate = money.to_text(amount.rate_fils)
    times_ar, times_en = units.factors(unit, amount.quantity_hundredths, amount.months)
    ar, en = f"{rate} د.ك{times_ar}", f"KD {rate}{times_en}"
    if amount.percent != rules.HUNDRED:
        ar, en = f"{ar} × {amount.percent}% للتكرار", f"{en} × {amount.percent} % for repetition"
    if amount.most_fils is not None:
        most = money.to_text(amount.most_fils)
        ar, en = f"{ar}، بحد أقصى {most} د.ك كغرامة المحكمة", f"{en}, at most KD {most} as the court's fine"
    return ar, en


def _require_warrant(inspector: User, findings: Findings, day: dt.date) -> JudicialWarrant:
    warrant = queries.warrant_of(inspector, day)
    if not queries.warrant_covers(warrant, findings.offence):
        raise NotPermitted("not_in_scope", _("The decision that made you a judicial officer does not name this offence."))
    if findings.shop is not None:
        require_reach(warrant, findings.shop)
    elif findings.area.governorate.branch.pk != warrant.team.branch_id:
        raise NotPermitted("other_branch", _("This place belongs to another branch."))
    return warrant


def require_reach(warrant: JudicialWarrant, shop: Shop) -> None:
    """Raises NotPermitted where a warrant does not reach a shop: other_branch, womens_team."""
    if shop.branch_id != warrant.team.branch_id:
        raise NotPermitted("other_branch", _("This place belongs to another branch."))
    if shop.activity.is_womens and not warrant.team.is_womens:
        raise NotPermitted("womens_team", _("Premises for women are inspected by a team of women."))


def facts_of(offence: Offence, findings: Findings) -> rules.Measurement:
    """The measure of findings, as the unit of the offence takes it. Raises Refused: bad_quantity, bad_whole_pieces, bad_months."""
    try:
        return rules.check_facts(offence.unit, rules.Measurement(findings.quantity_hundredths, findings.months))
    except rules.BadFacts as bad:
        sentences = {
            "quantity": _("Please give a measure or number above zero."),
            "whole_pieces": _("Please give a whole number."),
            "months": _("Please give the number of whole months."),
        }
        raise Refused(f"bad_{bad.code}", sentences[bad.code]) from bad


def _require_first(findings: Findings, day: dt.date, *, lock: bool) -> None:
    """The same offence at the same shop on the same day is one violation. Raises Refused("seen_already")."""
    if findings.shop is None:
        return
    rows = Shop.objects.select_for_update(of=("self",), no_key=True) if lock else Shop.objects.all()
    shops.refuse_merged(rows.get(pk=findings.shop.pk))
    first = clock.start_of(day)
    same = Violation.objects.filter(
        shop=findings.shop, offence=findings.offence, seen_at__gte=first, seen_at__lt=first + dt.timedelta(days=1)
    )
    duplicate = same.exclude(state=ViolationState.ANNULLED).first()
    if duplicate is not None:
        raise Refused(
            "seen_already",
            _("This offence was recorded at this shop on the same day already: %(reference)s.") % {"reference": duplicate.reference},
            public_id=duplicate.public_id,
        )
