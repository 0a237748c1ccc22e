"""What an inspector does: record what was found, warn, accept a correction, write the minute."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.audit.services import record as note
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
from violations.notifications import CorrectionAccepted, CorrectionRefused, MinuteWritten, WarningGiven, notify
from violations.services import notices
from violations.states import ViolationState

V = ViolationState
AHEAD = dt.timedelta(minutes=5)  # how far a device's clock may run before ours


@dataclass(frozen=True)
class Findings:
    """What an inspector saw, as the device sends it. No amount is among it."""

    client_key: str
    offence: str
    seen_at: dt.datetime
    area: Area
    shop: Shop | None = None
    civil_id: str = ""  # of a party that is no shop; checked already
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


def inspector_actor(spell: JudicialWarrant) -> Actor:
    return Actor("inspector", spell.user.key)


def record(*, inspector: Any, found: Findings) -> tuple[Violation, bool]:
    """Write down what was found, and warn or write the minute as the catalogue says. Returns the violation and whether it is new.

    The same `client_key` again is the same violation. Raises NotPermitted without the status, branch or team that it takes,
    Refused: sent_differently, unknown_offence, bad_facts (with its code), from_the_future, too_late, seen_already.
    """
    another = _("Another violation report was sent under this key. Please begin a new one and keep this one's photos.")
    try:
        visit, written = fieldwork.receive(sender=inspector, sent=found.visit, write=lambda visit: _record(inspector, found, visit))
    except fieldwork.VisitConflict as known_otherwise:
        raise Refused("sent_differently", another) from known_otherwise
    if written is not None:
        return written, True
    known = Violation.objects.filter(visit=visit).first()
    if known is None or known.offence != found.offence:
        raise Refused("sent_differently", another)
    return known, False


def _record(inspector: Any, found: Findings, visit: Visit) -> Violation:
    day = clock.day_of(found.seen_at)
    _in_time(found.seen_at, queries.limits()["late_report_hours"])
    catalogue, periods = rulebook.editions([queries.OFFENCES, queries.LIMITS], day)
    offence = catalogue.offences.get(found.offence)
    if offence is None:
        raise Refused("unknown_offence", _("The catalogue of that day does not have this offence. Please choose one from the list."))
    spell = _demand(inspector, found, day)
    facts = _facts(offence, found)
    party = User.objects.people().filter(civil_id_digest=civil_ids.digest(found.civil_id)).first() if found.civil_id else None
    secret = civil_ids.fields(found.civil_id) if found.civil_id else {}
    digest = secret.get("civil_id_digest", "")
    _not_seen_already(found, day)
    violation = Violation.objects.create(
        inspector=spell,
        visit=visit,
        branch=spell.team.branch,
        offence=offence.code,
        offence_facts=asdict(offence),
        edition=catalogue.stamp,
        limits_edition=periods.stamp,
        quantity_hundredths=facts.quantity_hundredths,
        months=facts.months,
        repeat_count=queries.repeats(
            offence=offence.code, before=found.seen_at, days=offence.repeat_days, shop=found.shop, party=party, digest=digest
        ),
        note_ar=found.note_ar,
        shop=found.shop,
        party=party,
        party_digest=digest,
        party_cipher=secret.get("civil_id_cipher", ""),
        party_masked=secret.get("civil_id_masked", ""),
        party_name_ar=found.party_name_ar,
        is_womens_premises=found.shop is not None and found.shop.activity.is_womens,
        area=found.area,
        block=found.block,
        street=found.street,
        place_note=found.place_note,
        seen_at=visit.started_at,
        received_at=visit.received_at,
        signed=found.signed,
    )
    actor = inspector_actor(spell)
    note("violation.recorded", subject=violation.key, actor=actor, data={"offence": offence.code, "edition": catalogue.stamp})
    if offence.correction_days:
        _warn(violation, offence, actor)
    else:
        _minute(violation, spell, clock.day_of(found.seen_at))
    return violation


def _in_time(seen_at: dt.datetime, hours: int) -> None:
    now = clock.now()
    if seen_at > now + AHEAD:
        raise Refused("from_the_future", _("The time of what was seen lies ahead. Please set the clock of the device and send it again."))
    if seen_at < now - dt.timedelta(hours=hours):
        raise Refused("too_late", _("What was seen so long ago is not taken from the field any more. Please see it again at the place."))


def _demand(inspector: Any, found: Findings, day: dt.date) -> JudicialWarrant:
    spell = queries.warrant_of(inspector, day)
    if not queries.warrant_covers(spell, found.offence):
        raise NotPermitted("not_in_scope", _("The decision that made you a judicial officer does not name this offence."))
    branch = found.shop.branch_id if found.shop is not None else found.area.governorate.branch.pk
    if branch != spell.team.branch_id:
        raise NotPermitted("other_branch", _("This place belongs to another branch."))
    if found.shop is not None and found.shop.activity.is_womens and not spell.team.is_womens:
        raise NotPermitted("womens_team", _("Premises for women are inspected by a team of women."))
    return spell


def _facts(offence: Offence, found: Findings) -> rules.Measurement:
    try:
        return rules.check_facts(offence.unit, rules.Measurement(found.quantity_hundredths, found.months))
    except rules.BadFacts as bad:
        sentences = {
            "quantity": _("Please give a measure or number above nought."),
            "whole_pieces": _("Pieces are counted in whole numbers."),
            "months": _("Please give the number of whole months."),
        }
        raise Refused(f"bad_{bad.code}", sentences[bad.code]) from bad


def _not_seen_already(found: Findings, day: dt.date) -> None:
    """The same offence at the same shop on the same day is one violation, whoever of the inspectors saw it."""
    if found.shop is None:
        return
    shops.refuse_merged(Shop.objects.select_for_update(of=("self",), no_key=True).get(pk=found.shop.pk))
    first = clock.start_of(day)
    same = Violation.objects.filter(
        shop=found.shop, offence=found.offence, seen_at__gte=first, seen_at__lt=first + dt.timedelta(days=1)
    ).exclude(state=V.ANNULLED)
    standing = same.first()
    if standing is not None:
        raise Refused(
            "seen_already",
            _("This offence was recorded at this shop on the same day already: %(reference)s.") % {"reference": standing.reference},
        )


def _warn(violation: Violation, offence: Offence, actor: Actor) -> None:
    until = clock.day_of(violation.seen_at) + dt.timedelta(days=offence.correction_days)
    number = next_number(f"WRN-{clock.today().year}")
    transition(violation, "warn", actor=actor, data={"until": until.isoformat()}, warning_number=number, correct_until=until)
    note("violation.warned", subject=violation.key, actor=actor, data={"number": number, "until": until.isoformat()})
    enqueue("violations.notice_document", key=f"{violation.key}:warning", violation_id=violation.pk)
    notify(WarningGiven, violation, key="warning", until=until)


@transaction.atomic
def write_report(*, violation: Violation, inspector: Any, seen_at: dt.datetime, signed: str = Signed.ABSENT) -> None:
    """The correction period is over and it is still there: the minute is written on the same facts.

    Raises NotPermitted as `record`, Refused("correction_runs") within the period, TransitionRefused when no warning stands.
    """
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop__activity", "area").get(pk=violation.pk)
    day = clock.day_of(seen_at)
    _in_time(seen_at, queries.limits()["late_report_hours"])
    spell = queries.warrant_of(inspector, day)
    if spell.team.branch_id != row.branch_id:
        raise NotPermitted("other_branch", _("This place belongs to another branch."))
    if not queries.warrant_covers(spell, row.offence):
        raise NotPermitted("not_in_scope", _("The decision that made you a judicial officer does not name this offence."))
    if row.is_womens_premises and not spell.team.is_womens:
        raise NotPermitted("womens_team", _("Premises for women are inspected by a team of women."))
    if row.state == V.WARNED and row.correct_until is not None and day <= row.correct_until:
        raise Refused("correction_runs", _("The correction period still runs. A violation report can be written the day after it ends."))
    _minute(row, spell, day, signed=signed)
    violation.refresh_from_db()


def _minute(row: Violation, spell: JudicialWarrant, day: dt.date, *, signed: str | None = None) -> None:
    """Number, settlement order or charge, notice and message; served at once where the party signed."""
    actor = inspector_actor(spell)
    offence = Offence(**row.offence_facts)
    periods = queries.limits(day)
    number = next_number(f"VIO-{clock.today().year}")
    changes: dict[str, Any] = {"number": number}
    if signed is not None:
        changes["signed"] = signed
    settles = rules.may_be_settled(
        settlement_fils=offence.settlement_fils, band_max_fils=offence.band_max_fils, below_fils=periods["settlement_below_fils"]
    )
    transition(row, "order" if settles else "charge", actor=actor, data={"number": number, "by": spell.badge_no}, **changes)
    if settles:
        _order(row, offence)
    note("violation.minuted", subject=row.key, actor=actor, data={"number": number, "settles": settles, "repeats": row.repeat_count})
    enqueue("violations.notice_document", key=f"{row.key}:minute", violation_id=row.pk)
    notify(MinuteWritten, row, key="minute")
    if row.signed == Signed.SIGNED:
        notices.record_service(violation=row, ground=ServiceGround.SIGNED, at=row.seen_at, proof={"badge": spell.badge_no})


def _order(row: Violation, offence: Offence) -> SettlementOrder:
    amount = rules.settlement(
        rate_fils=offence.settlement_fils or 0,
        unit=offence.unit,
        facts=rules.Measurement(row.quantity_hundredths, row.months),
        repeats=row.repeat_count,
        repeat_percent=offence.repeat_percent,
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
    """How the amount came about, in both languages: `5.000 د.ك × 3.50 م² × 200%`."""
    rate = money.to_text(amount.rate_fils)
    whole, part = divmod(amount.quantity_hundredths, rules.HUNDRED)
    quantity = f"{whole}.{part:02d}" if part else str(whole)
    ar, en = f"{rate} د.ك", f"KD {rate}"
    if unit != rules.EACH:
        ar, en = f"{ar} × {quantity}{_UNITS[unit][0]}", f"{en} × {quantity}{_UNITS[unit][1]}"
    if unit == rules.M2_MONTH:
        ar, en = f"{ar} × {amount.months} شهر", f"{en} × {amount.months} months"
    if amount.percent != rules.HUNDRED:
        ar, en = f"{ar} × {amount.percent}% للتكرار", f"{en} × {amount.percent} % for repetition"
    return ar, en


@transaction.atomic
def accept_correction(*, violation: Violation, inspector: Any) -> None:
    """What was found has been put right in time; it closes without an amount. Raises NotPermitted, TransitionRefused."""
    spell, row = _of_branch(violation, inspector)
    transition(row, "accept_correction", actor=inspector_actor(spell))
    note("violation.corrected", subject=row.key, actor=inspector_actor(spell))
    notify(CorrectionAccepted, row, key="corrected")
    violation.refresh_from_db()


@transaction.atomic
def refuse_correction(*, violation: Violation, inspector: Any, code: str) -> None:
    """The proof does not show it; the coded reason goes to the party. Raises NotPermitted, Refused("unknown_code"), TransitionRefused."""
    spell, row = _of_branch(violation, inspector)
    reasons = {reason.code: reason for reason in rulebook.edition(queries.REPLIES, clock.today()).reasons_of("correction_proof")}
    if code not in reasons:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    event = transition(row, "refuse_correction", actor=inspector_actor(spell), reason=code)
    note("violation.correction_refused", subject=row.key, actor=inspector_actor(spell), data={"code": code})
    notify(CorrectionRefused, row, key=f"correction:{event.pk}", reason=reasons[code])
    violation.refresh_from_db()


def _of_branch(violation: Violation, inspector: Any) -> tuple[JudicialWarrant, Violation]:
    row = Violation.objects.select_for_update(of=("self",)).get(pk=violation.pk)
    spell = queries.warrant_of(inspector, clock.today())
    if spell.team.branch_id != row.branch_id:
        raise NotPermitted("other_branch", _("This place belongs to another branch."))
    return spell, row
