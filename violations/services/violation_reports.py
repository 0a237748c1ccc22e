"""What an inspector does: record what was found, warn, accept a correction, write the violation report."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.audit.services import record as record_event
from municipality.documents.numbers import next_number
from municipality.fieldwork import services as fieldwork
from municipality.fieldwork.models import Visit
from municipality.jobs.services import enqueue
from municipality.kernel import clock, money
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.places.models import Area
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Offence
from shops.models import Shop
from shops.register import queries as shops
from violations import queries, rules
from violations.models import JudicialWarrant, ServiceGround, SettlementOrder, Signed, Violation
from violations.notifications import CorrectionAccepted, CorrectionRefused, ReportWritten, WarningGiven, notify
from violations.services import notices
from violations.states import ViolationState

V = ViolationState
MAX_CLOCK_LEAD = dt.timedelta(minutes=5)  # of the clock of a device


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

    @property
    def visit(self) -> fieldwork.SentVisit:
        return fieldwork.SentVisit(self.client_key, self.seen_at, self.latitude, self.longitude, self.accuracy_m)


def inspector_actor(warrant: JudicialWarrant) -> Actor:
    return Actor("inspector", warrant.user.key)


def record(*, inspector: User, findings: Findings) -> tuple[Violation, bool]:
    """Record a violation; give a warning or write the report, as the catalogue says. Returns the violation and whether it is new.

    Idempotent by `client_key`. Raises NotPermitted without a fitting warrant, branch or team, Refused: sent_differently,
    unknown_offence, bad_quantity, bad_whole_pieces, bad_months, from_the_future, too_late, seen_already.
    """
    message = _("Another violation report was sent under this key. Please begin a new one and keep this one's photos.")
    try:
        visit, created = fieldwork.receive(sender=inspector, sent=findings.visit, write=lambda visit: _record(inspector, findings, visit))
    except fieldwork.VisitConflict as error:
        raise Refused("sent_differently", message) from error
    if created is not None:
        return created, True
    known = Violation.objects.filter(visit=visit).first()
    if known is None or known.offence != findings.offence:
        raise Refused("sent_differently", message)
    return known, False


def _record(inspector: User, findings: Findings, visit: Visit) -> Violation:
    day = clock.day_of(findings.seen_at)
    _require_in_time(findings.seen_at, queries.limits()["late_report_hours"])
    catalogue, periods = rulebook.editions([queries.OFFENCES, queries.LIMITS], day)
    offence = catalogue.offences.get(findings.offence)
    if offence is None:
        raise Refused("unknown_offence", _("The catalogue of that day does not have this offence. Please choose one from the list."))
    warrant = _require_warrant(inspector, findings, day)
    facts = _facts(offence, findings)
    party = User.objects.people().filter(civil_id_digest=civil_ids.digest(findings.civil_id)).first() if findings.civil_id else None
    secret = civil_ids.fields(findings.civil_id) if findings.civil_id else {}
    digest = secret.get("civil_id_digest", "")
    _require_first(findings, day)
    violation = Violation.objects.create(
        inspector=warrant,
        visit=visit,
        branch=warrant.team.branch,
        offence=offence.code,
        offence_facts=asdict(offence),
        edition=catalogue.stamp,
        limits_edition=periods.stamp,
        quantity_hundredths=facts.quantity_hundredths,
        months=facts.months,
        repeat_count=queries.repeats(
            offence=offence.code, before=findings.seen_at, days=offence.repeat_days, shop=findings.shop, party=party, digest=digest
        ),
        note_ar=findings.note_ar,
        shop=findings.shop,
        party=party,
        party_digest=digest,
        party_cipher=secret.get("civil_id_cipher", ""),
        party_masked=secret.get("civil_id_masked", ""),
        party_name_ar=findings.party_name_ar,
        is_womens_premises=findings.shop is not None and findings.shop.activity.is_womens,
        area=findings.area,
        block=findings.block,
        street=findings.street,
        place_note=findings.place_note,
        seen_at=visit.started_at,
        received_at=visit.received_at,
        signed=findings.signed,
    )
    actor = inspector_actor(warrant)
    record_event("violation.recorded", subject=violation.key, actor=actor, data={"offence": offence.code, "edition": catalogue.stamp})
    if offence.correction_days:
        _warn(violation, offence, actor)
    else:
        _write(violation, warrant, clock.day_of(findings.seen_at))
    return violation


def _require_in_time(seen_at: dt.datetime, hours: int) -> None:
    now = clock.now()
    if seen_at > now + MAX_CLOCK_LEAD:
        raise Refused("from_the_future", _("The time of what was seen lies ahead. Please set the clock of the device and send it again."))
    if seen_at < now - dt.timedelta(hours=hours):
        raise Refused("too_late", _("This visit is too old to be sent from the field. Please inspect the place again."))


def _require_warrant(inspector: User, findings: Findings, day: dt.date) -> JudicialWarrant:
    warrant = queries.warrant_of(inspector, day)
    if not queries.warrant_covers(warrant, findings.offence):
        raise NotPermitted("not_in_scope", _("The decision that made you a judicial officer does not name this offence."))
    branch = findings.shop.branch_id if findings.shop is not None else findings.area.governorate.branch.pk
    if branch != warrant.team.branch_id:
        raise NotPermitted("other_branch", _("This place belongs to another branch."))
    if findings.shop is not None and findings.shop.activity.is_womens and not warrant.team.is_womens:
        raise NotPermitted("womens_team", _("Premises for women are inspected by a team of women."))
    return warrant


def _facts(offence: Offence, findings: Findings) -> rules.Measurement:
    try:
        return rules.check_facts(offence.unit, rules.Measurement(findings.quantity_hundredths, findings.months))
    except rules.BadFacts as bad:
        sentences = {
            "quantity": _("Please give a measure or number above zero."),
            "whole_pieces": _("Pieces are counted in whole numbers."),
            "months": _("Please give the number of whole months."),
        }
        raise Refused(f"bad_{bad.code}", sentences[bad.code]) from bad


def _require_first(findings: Findings, day: dt.date) -> None:
    """The same offence at the same shop on the same day is one violation. Raises Refused("seen_already")."""
    if findings.shop is None:
        return
    shops.refuse_merged(Shop.objects.select_for_update(of=("self",), no_key=True).get(pk=findings.shop.pk))
    first = clock.start_of(day)
    same = Violation.objects.filter(
        shop=findings.shop, offence=findings.offence, seen_at__gte=first, seen_at__lt=first + dt.timedelta(days=1)
    )
    duplicate = same.exclude(state=V.ANNULLED).first()
    if duplicate is not None:
        raise Refused(
            "seen_already",
            _("This offence was recorded at this shop on the same day already: %(reference)s.") % {"reference": duplicate.reference},
        )


def _warn(violation: Violation, offence: Offence, actor: Actor) -> None:
    until = clock.day_of(violation.seen_at) + dt.timedelta(days=offence.correction_days)
    number = next_number(f"WRN-{clock.today().year}")
    transition(violation, "warn", actor=actor, data={"until": until.isoformat()}, warning_number=number, correct_until=until)
    record_event("violation.warned", subject=violation.key, actor=actor, data={"number": number, "until": until.isoformat()})
    enqueue("violations.notice_document", key=f"{violation.key}:warning", violation_id=violation.pk)
    notify(WarningGiven, violation, key="warning", until=until)


@transaction.atomic
def write_report(*, violation: Violation, inspector: User, seen_at: dt.datetime, signed: str = Signed.ABSENT) -> None:
    """Write the violation report of a warning that was not corrected in time, on the same facts.

    Raises NotPermitted as `record`, Refused("correction_runs") within the period, TransitionRefused when no warning stands.
    """
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop__activity", "area").get(pk=violation.pk)
    day = clock.day_of(seen_at)
    _require_in_time(seen_at, queries.limits()["late_report_hours"])
    warrant = queries.warrant_of(inspector, day)
    if warrant.team.branch_id != row.branch_id:
        raise NotPermitted("other_branch", _("This place belongs to another branch."))
    if not queries.warrant_covers(warrant, row.offence):
        raise NotPermitted("not_in_scope", _("The decision that made you a judicial officer does not name this offence."))
    if row.is_womens_premises and not warrant.team.is_womens:
        raise NotPermitted("womens_team", _("Premises for women are inspected by a team of women."))
    if row.state == V.WARNED and row.correct_until is not None and day <= row.correct_until:
        raise Refused("correction_runs", _("The correction period still runs. A violation report can be written the day after it ends."))
    _write(row, warrant, day, signed=signed)
    violation.refresh_from_db()


def _write(row: Violation, warrant: JudicialWarrant, day: dt.date, *, signed: str | None = None) -> None:
    """Give the number, the settlement order or charge, the notice and the message; served at once if the party signed."""
    actor = inspector_actor(warrant)
    offence = Offence(**row.offence_facts)
    periods = queries.limits(day)
    number = next_number(f"VIO-{clock.today().year}")
    changes: dict[str, Any] = {"number": number}
    if signed is not None:
        changes["signed"] = signed
    is_settleable = rules.may_be_settled(
        settlement_fils=offence.settlement_fils, band_max_fils=offence.band_max_fils, below_fils=periods["settlement_below_fils"]
    )
    transition(row, "order" if is_settleable else "charge", actor=actor, data={"number": number, "by": warrant.badge_no}, **changes)
    if is_settleable:
        _order(row, offence)
    record_event(
        "violation.minuted", subject=row.key, actor=actor, data={"number": number, "settles": is_settleable, "repeats": row.repeat_count}
    )
    enqueue("violations.notice_document", key=f"{row.key}:minute", violation_id=row.pk)
    notify(ReportWritten, row, key="minute")
    if row.signed == Signed.SIGNED:
        notices.record_service(violation=row, ground=ServiceGround.SIGNED, at=row.seen_at, proof={"badge": warrant.badge_no})


def _order(row: Violation, offence: Offence) -> SettlementOrder:
    amount = rules.settlement(
        rate_fils=offence.settlement_fils or 0,
        unit=offence.unit,
        facts=rules.Measurement(row.quantity_hundredths, row.months),
        repeats=row.repeat_count,
        repeat_percent=offence.repeat_percent,
        band_max_fils=offence.band_max_fils,
        band_unit=offence.band_unit,
    )
    formula_ar, formula_en = formula(amount, offence.unit)
    return SettlementOrder.objects.create(
        violation=row,
        fils=amount.fils,
        rate_fils=amount.rate_fils,
        percent=amount.percent,
        formula_ar=formula_ar,
        formula_en=formula_en,
        article_ar=offence.article_ar,
        article_en=offence.article_en,
        edition=row.edition,
        ground="minute",
        made_at=clock.now(),
    )


_UNITS = {rules.EACH: ("", ""), rules.PIECE: (" قطعة", " pieces"), rules.M2: (" م²", " m²"), rules.M2_MONTH: (" م²", " m²")}


def formula(amount: rules.Amount, unit: str) -> tuple[str, str]:
    """The computation of an amount in Arabic and English: `5.000 د.ك × 3.50 م² × 200%`."""
    rate = money.to_text(amount.rate_fils)
    quantity = rules.quantity_text(amount.quantity_hundredths)
    ar, en = f"{rate} د.ك", f"KD {rate}"
    if unit != rules.EACH:
        ar, en = f"{ar} × {quantity}{_UNITS[unit][0]}", f"{en} × {quantity}{_UNITS[unit][1]}"
    if unit == rules.M2_MONTH:
        ar, en = f"{ar} × {amount.months} شهر", f"{en} × {amount.months} months"
    if amount.percent != rules.HUNDRED:
        ar, en = f"{ar} × {amount.percent}% للتكرار", f"{en} × {amount.percent} % for repetition"
    if amount.most_fils is not None:
        most = money.to_text(amount.most_fils)
        ar, en = f"{ar}، بحد أقصى {most} د.ك كغرامة المحكمة", f"{en}, at most KD {most} as the court's fine"
    return ar, en


@transaction.atomic
def accept_correction(*, violation: Violation, inspector: User) -> None:
    """Accept a correction; the violation ends without an amount. Raises NotPermitted, TransitionRefused."""
    warrant, row = _of_branch(violation, inspector)
    transition(row, "accept_correction", actor=inspector_actor(warrant))
    record_event("violation.corrected", subject=row.key, actor=inspector_actor(warrant))
    notify(CorrectionAccepted, row, key="corrected")
    violation.refresh_from_db()


@transaction.atomic
def refuse_correction(*, violation: Violation, inspector: User, code: str) -> None:
    """Refuse the proof of a correction with a coded reason. Raises NotPermitted, Refused("unknown_code"), TransitionRefused."""
    warrant, row = _of_branch(violation, inspector)
    reasons = {reason.code: reason for reason in rulebook.edition(queries.REPLIES, clock.today()).reasons_of("correction_proof")}
    if code not in reasons:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    event = transition(row, "refuse_correction", actor=inspector_actor(warrant), reason=code)
    record_event("violation.correction_refused", subject=row.key, actor=inspector_actor(warrant), data={"code": code})
    notify(CorrectionRefused, row, key=f"correction:{event.pk}", reason=reasons[code])
    violation.refresh_from_db()


def _of_branch(violation: Violation, inspector: User) -> tuple[JudicialWarrant, Violation]:
    row = Violation.objects.select_for_update(of=("self",)).get(pk=violation.pk)
    warrant = queries.warrant_of(inspector, clock.today())
    if warrant.team.branch_id != row.branch_id:
        raise NotPermitted("other_branch", _("This place belongs to another branch."))
    return warrant, row
