"""Rows of violations for the sample: an inspector with a warrant, reports at the owner's shop in the states that pages start from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import transaction

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.delegation.services import delegations
from municipality.fieldwork.models import Evidence, Visit
from municipality.imports.models import ImportFile
from municipality.kernel import clock, ids
from municipality.review.services import desk
from municipality.rulebook.models import Activity
from municipality.uploads.models import Upload
from payments.models import Bill
from shops.models import Shop
from tests import desk_acts
from tests.architecture.delegation_data import DELEGATE, FORMER
from tests.factories.accounts import StaffFactory
from tests.factories.review import OfficerFactory
from tests.factories.uploads import UploadFactory
from violations.models import (
    Annulment,
    AppealRuling,
    Charge,
    ChargeKind,
    Defence,
    Instalment,
    Judgment,
    JudicialWarrant,
    Objection,
    Plan,
    Referral,
    ReferralBatch,
    Relief,
    Service,
    SettlementOrder,
    Team,
    Violation,
)
from violations.services import assessments, court, documents, notices, objections, relief, terms, violation_reports, writer_annulments
from violations.services.assessments import Findings
from violations.states import SERVICE, ViolationState

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample

# A row made by hand stays against the same shop, since a violation is against somebody, and stands on the visit made for it last.
KEPT = {("violations_violation", column): column for column in ("shop_id", "inspector_id")}
KEPT["violations_violation", "visit_id"] = "(SELECT max(id) FROM fieldwork_visit)"
LONG_AGO = dt.timedelta(days=60)


@dataclass
class Fines:
    inspector: User
    clerk: User  # proposes that a sum or a violation report falls
    authority: User  # allows it
    court: User
    shop: Shop  # of the owner
    warrant: JudicialWarrant
    served: Violation  # its settlement is open, its notice drawn, with a photo
    photo: Upload
    warned: Violation
    objected: Violation
    objection: Objection  # studied in another branch
    referred: Violation
    batch: ReferralBatch
    waived: Violation  # published without names
    charged: Violation  # goes to the court without settlement
    carried: Violation  # from paper, its settlement open, not served
    paper: ImportFile  # that brought it in, with a line that has errors


def staff(role: str, login: str = "") -> User:
    return StaffFactory(name_ar="منى العتيبي", name_en="Muna Al-Otaibi", groups=[role], login=login or role, branch_id="HA")


def fill(sample: Sample) -> Fines:
    """What the sample has of violations, written by their own services."""
    from tests.architecture import legacy_fines_data
    from tests.architecture.sample_data import shop_of

    person = sample.owner.person
    shop = shop_of(person, 801, ends_in=None, activity=Activity.objects.get(pk="BARB"))
    inspector, clerk, authority, referrer = (staff(r) for r in ("inspector", "violation_clerk", "violation_authority", "court_clerk"))
    today = clock.today()
    team = Team.objects.create(code="HA-M", branch=shop.branch, name_ar="فريق حولي", name_en="Hawalli team")
    warrant = JudicialWarrant.objects.create(
        user=inspector,
        team=team,
        badge_no="0042",
        decision_no="112",
        decision_on=today - dt.timedelta(days=400),
        scope=["CLN", "SHP", "ADV"],
        first_day=today - dt.timedelta(days=400),
        last_day=today + dt.timedelta(days=400),
    )
    with clock.at(clock.now() - LONG_AGO):
        referred = seen(inspector, shop, "CLN-03")
        notices.record_opening(violation=referred, person=person)
    terms.lapse_due()
    batch = court.refer(clerk=referrer)
    file = legacy_fines_data.paper_file(shop, clerk, authority)
    served, objected, charged, warned = (seen(inspector, shop, code) for code in ("CLN-03", "CLN-01", "CLN-06", "SHP-04"))
    with clock.at(clock.now() - dt.timedelta(days=1)):
        waived = seen(inspector, shop, "CLN-01")
    for row in (served, objected, waived):
        notices.record_opening(violation=row, person=person)
    photo = UploadFactory(owner=inspector, subject=served.key, slot="photos")
    Evidence.objects.create(
        visit=served.visit, kind="offence", upload=photo, captured_at=served.seen_at, added_by=inspector.key, received_at=clock.now()
    )
    documents.write_notice(violation_id=served.pk)
    objection = objections.file(violation=objected, person=person, ground="facts_wrong", words="الرصيف نظيف في الصورة.")
    asked = relief.ask_relief(violation=waived, code="hardship", note_ar="", percent=0, asked_by=clerk)
    relief.allow_relief(relief=asked, allowed_by=authority)
    rows = {name: Violation.objects.get(pk=row.pk) for name, row in {"served": served, "warned": warned, "objected": objected}.items()}
    rows |= {name: Violation.objects.get(pk=row.pk) for name, row in {"referred": referred, "waived": waived, "charged": charged}.items()}
    rows |= {"carried": Violation.objects.get(paper__file=file)}
    people: dict[str, Any] = {"inspector": inspector, "clerk": clerk, "authority": authority, "court": referrer}
    _let_act(sample, shop)
    return Fines(**people, **rows, shop=shop, warrant=warrant, photo=photo, batch=batch, objection=objection, paper=file)


def _let_act(sample: Sample, shop: Shop) -> None:
    """Two delegates in this service: one in force, one revoked."""
    for delegate, number in ((sample.grants.delegate, DELEGATE), (sample.grants.former_delegate, FORMER)):
        until = clock.today() + dt.timedelta(days=60)
        row = delegations.give(giver=sample.owner.person, number=number, subject=shop.key, service=SERVICE, last_day=until)
        row = delegations.accept(delegation=row, person=delegate)
    delegations.end(delegation=row, person=sample.owner.person)


def seen(inspector: User, shop: Shop, offence: str, **facts: Any) -> Violation:
    """What the inspector found half an hour ago at a shop."""
    found = Findings(
        client_key=str(uuid4()),
        offence=offence,
        seen_at=clock.now() - dt.timedelta(minutes=30),
        area=shop.area,
        shop=shop,
        latitude=29.33,
        longitude=48.02,
        accuracy_m=8,
        note_ar="أكياس مفتوحة أمام الباب",
        **facts,
    )
    row, _new = violation_reports.record(inspector=inspector, findings=found)
    return row


def in_every_state(sample: Sample) -> dict[str, str]:
    """A violation in each state for its page, one with a proof, one whose sum somebody asked to waive, an objection with a question."""
    from tests.architecture import legacy_fines_data, state_changes

    names = {f"violation_{state}": state_changes.walk(fresh(sample), state, sample).public_id for state in ViolationState}
    proved: Violation = state_changes.walk(fresh(sample), "warned", sample)
    UploadFactory(owner=sample.owner.person, subject=proved.key, slot="correction")
    pending: Violation = state_changes.walk(fresh(sample), "ordered", sample)
    relief.ask_relief(violation=pending, code="hardship", note_ar="", percent=50, asked_by=sample.fines.clerk)
    asked = _asked_about(sample)
    names |= legacy_fines_data.in_every_state(sample)
    names |= {"violation_proved": proved.public_id, "violation_pending": pending.public_id}
    names |= {"report_confirmed": _confirmed(sample)}
    return names | {"violation_asked": asked.violation.public_id, "objection_asked": asked.case.public_id}


def _confirmed(sample: Sample) -> str:
    """The confirmation of the violation report that the page visits send."""
    from tests.architecture.violation_visits import KEY, WRITTEN

    shop, inspector = sample.fines.shop, sample.fines.inspector
    seen_at = dt.datetime.fromisoformat(KEY["seen_at"])
    findings = Findings(client_key=KEY["client_key"], offence=WRITTEN["offence"], seen_at=seen_at, area=shop.area, shop=shop)
    assessment = assessments.assess(inspector=inspector, findings=findings)
    return assessments.confirmation(assessment, inspector=inspector, findings=findings)


def _asked_about(sample: Sample) -> Objection:
    """An objection whose decider asked for more."""
    from tests.architecture import state_changes

    row: Violation = state_changes.walk(fresh(sample), "ordered", sample)
    objection = objections.file(violation=row, person=sample.owner.person, ground="facts_wrong", words="الرصيف نظيف في الصورة.")
    # The branch is drawn by lot; its older cases go first, each to an officer of its own.
    drawn = (desk_acts.assigned(_decider(objection.case.branch_id, str(number))) for number in count(1))
    held = next(assignment for assignment in drawn if assignment.place.case_id == objection.case_id)
    desk.ask_corrections(assignment=held, items=[desk.CorrectionRequest("ask_words", "words")])
    return Objection.objects.select_related("case", "violation").get(pk=objection.pk)


def _decider(branch: str, number: str) -> User:
    return OfficerFactory(login=f"of-objection{number}", branch_id=branch, skills=["health", "objections"])


# --- Rows to walk, and what each state stands on ------------------------------------------------------------------------------


def fresh(sample: Sample, *, save: bool = True) -> Violation:
    """A violation of which only the facts are written down."""
    like = Violation.objects.get(pk=sample.fines.served.pk)
    like.pk = like.last_event = like.notice = like.number = like.warning_number = None
    like.settle_until = like.object_until = like.block_from = like.correct_until = None
    like.public_id, like.visit, like.state = ids.public_id(), visit_like(like), "recorded"
    like._state.adding = True
    if save:
        like.save()
    return like


def visit_like(row: Violation) -> Visit:
    """Another visit of the same person at the same time."""
    like = Visit.objects.get(pk=row.visit_id)
    like.pk, like.key = None, str(uuid4())
    like._state.adding = True
    like.save()
    return like


def fresh_plan(sample: Sample) -> Plan:
    return _plan(_in_instalments(sample))


def _in_instalments(sample: Sample) -> Violation:
    from tests.architecture import state_changes

    row: Violation = state_changes.walk(fresh(sample), "ordered", sample)
    with transaction.atomic():
        state_changes.transition(row, "plan", actor=state_changes.BY)
    return row


def _plan(row: Violation) -> Plan:
    now, order = clock.now(), row.orders.get()
    plan = Plan.objects.create(violation=row, order=order, count=2, agreed_at=now, agreed_by="tests")
    for number in (1, 2):
        Instalment.objects.create(plan=plan, number=number, fils=order.fils, due_on=clock.today() + dt.timedelta(days=30 * (number - 1)))
    return plan


def fresh_objection(sample: Sample) -> Case:
    """A case of an objection in its first state."""
    like = Case.objects.get(pk=sample.fines.objection.case_id)
    like.pk = like.last_event = None
    like.public_id, like.reference, like.subject = "o" * 26, "OBJ-2026-999999-X", "violation:walked"
    like.state = "sent"
    like._state.adding = True
    like.save()
    return like


def grounds(row: Violation, target: str, sample: Sample) -> dict[str, Any]:
    """What must be true before a violation comes into a state. Returns the columns that change with it."""
    from tests.architecture import state_changes

    changes: dict[str, Any] = {}
    if target == "warned" and row.warning_number is None:
        changes |= {"warning_number": f"WRN-2026-9{row.pk:05d}-X", "correct_until": clock.today() + dt.timedelta(days=3)}
    if target not in ("recorded", "warned", "corrected", "annulled") and row.number is None:
        changes |= {"number": f"VIO-2026-9{row.pk:05d}-X"} | _served(row)
        if target == "ordered":
            order(row, sample)
            changes["settle_until"] = clock.today() + dt.timedelta(days=15)
    if target == "overdue" and not row.charges.exists() and row.orders.exists() and row.state == "ordered":
        _charge(row, sample, ChargeKind.SETTLEMENT, order=row.orders.get())
    if target == "instalments" and not hasattr(row, "plan") and row.orders.exists():
        _plan(row)
    if target == "annulled":
        annulment(row, sample)
    if target == "waived":
        _allowed(_relief(row, sample), sample)
    if target == "referred":
        Referral.objects.create(batch=sample.fines.batch, violation=row)
    if target in ("judged", "acquitted") and not hasattr(row, "judgment"):
        fine = row.paper.fils if row.paper is not None else 150_000
        judgment(row, sample, fine if target == "judged" else None)
    if row.state in ("judged", "acquitted", "paid") and target in ("judged", "acquitted", "paid"):
        appeal(row, sample, target)
    if target == "paid":
        _pay(row, sample)
    if row.state == "instalments" and hasattr(row, "plan") and row.plan.state == "active":  # it ends before its violation goes on
        move = {"paid": "complete", "ordered": "void"}.get(target, "end")
        state_changes.transition(row.plan, move, actor=state_changes.BY, reason="tests")
    return changes


def annulment(row: Violation, sample: Sample) -> None:
    """One that two people decided, once."""
    if not row.annulments.exists():
        _allowed(Annulment.objects.create(violation=row, **proposal(sample)), sample)


def _served(row: Violation) -> dict[str, Any]:
    Service.objects.create(violation=row, ground="opened", at=clock.now(), proof={})
    today = clock.today()
    return {"object_until": today + dt.timedelta(days=60), "block_from": today + dt.timedelta(days=31)}


def order(row: Violation, sample: Sample, version: int = 1) -> SettlementOrder:
    return SettlementOrder.objects.create(
        violation=row,
        version=version,
        fils=sample.fee,
        rate_fils=sample.fee,
        formula_ar="10.000 د.ك",
        formula_en="KD 10.000",
        article_ar="المادة 2",
        article_en="Article 2",
        edition="offences.municipal v1",
        ground="violation_report",
        made_at=clock.now(),
    )


def proposal(sample: Sample) -> dict[str, Any]:
    return {"code": "form_defect", "asked_by": sample.fines.clerk, "asked_at": clock.now()}


def _relief(row: Violation, sample: Sample) -> Relief:
    return Relief.objects.create(
        violation=row, kind="waiver", before_fils=sample.fee, after_fils=0, **proposal(sample) | {"code": "hardship"}
    )


def _allowed(row: Any, sample: Sample) -> None:
    type(row).objects.filter(pk=row.pk).update(allowed_by=sample.fines.authority, allowed_at=clock.now())


def judgment(row: Violation, sample: Sample, fils: int | None) -> Judgment:
    now = clock.now()
    ruling = Judgment.objects.create(
        violation=row, ruling_no="77/2026", ruled_on=clock.today(), fils=fils, entered_by=sample.fines.court, entered_at=now
    )
    Judgment.objects.filter(pk=ruling.pk).update(confirmed_by=sample.fines.authority, confirmed_at=now)
    return ruling


def appeal(row: Violation, sample: Sample, target: str) -> AppealRuling:
    """A confirmed ruling on appeal that leads to a state."""
    first = row.judgment if hasattr(row, "judgment") else judgment(row, sample, 150_000)
    fils, now = None if target == "acquitted" else first.fils or 150_000, clock.now()
    made = AppealRuling.objects.create(
        judgment=first,
        court="appeal",
        ruling_no="88/2026",
        ruled_on=clock.today(),
        fils=fils,
        outcome="changed" if fils else "acquitted",
        entered_by=sample.fines.court,
        entered_at=now,
    )
    AppealRuling.objects.filter(pk=made.pk).update(confirmed_by=sample.fines.authority, confirmed_at=now)
    Judgment.objects.filter(pk=first.pk).update(appeal=made)
    first.appeal = made
    return made


def bill(row: Violation, sample: Sample, fils: int) -> Bill:
    like = Bill.objects.get(pk=sample.owner.due.pk)
    like.pk = like.last_event = None
    like.public_id, like.subject, like.kind = ids.public_id(), row.key, "violations.sum"
    like.reference, like.total_fils = ids.with_check(f"BIL-2026-{800_000 + Bill.objects.count():06d}"), fils
    like._state.adding = True
    like.save()
    return like


def _charge(row: Violation, sample: Sample, kind: str, **source: Any) -> Charge:
    fils = next(iter(source.values())).fils
    return Charge.objects.create(violation=row, bill=bill(row, sample, fils), kind=kind, made_at=clock.now(), **source)


def _pay(row: Violation, sample: Sample) -> None:
    """A bill of the violation that is paid, made for whatever is payable in its state."""
    from tests.architecture import state_changes

    if row.charges.filter(bill__state="paid").exists():
        return
    charge = row.charges.filter(bill__state="due").first()
    if charge is None and row.state == "instalments":
        charge = _charge(row, sample, ChargeKind.INSTALMENT, instalment=row.plan.instalments.first())
    elif charge is None and row.state == "judged":
        charge = _charge(row, sample, ChargeKind.COURT, judgment=row.judgment)
    elif charge is None:
        charge = _charge(row, sample, ChargeKind.SETTLEMENT, order=row.orders.get())
    state_changes.walk(Bill.objects.get(pk=charge.bill_id), "paid", sample)


# --- One of everything that the guards speak of --------------------------------------------------------------------------------


def more(sample: Sample) -> None:
    """Violations at the points that attacks start from, and a row of each table that the sample leaves empty."""
    from tests.architecture import legacy_fines_data, state_changes

    for state in ("paid", "corrected"):
        state_changes.walk(fresh(sample), state, sample)
    plan = _plan(_in_instalments(sample))
    other = state_changes.walk(fresh(sample), "ordered", sample)  # an order that no plan is for
    for state in ("paid", "void"):
        state_changes.walk(_plan(_in_instalments(sample)), state, sample)
    judged = state_changes.walk(fresh(sample), "judged", sample)
    appeal(state_changes.walk(fresh(sample), "judged", sample), sample, "judged")
    state_changes.walk(fresh(sample), "annulled", sample)
    inspector = sample.fines.inspector
    mistaken = seen(inspector, sample.fines.shop, "CLN-02")
    writer_annulments.annul(violation=mistaken, inspector=inspector, code="writer_wrong_shop", note_ar="المحل المجاور")
    for model, extra in ((Annulment, {}), (Relief, {"kind": "waiver", "before_fils": 1, "after_fils": 0})):
        asked = model.objects.create(violation=other, **proposal(sample), **extra)
        model.objects.filter(pk=asked.pk).update(refused_at=clock.now(), refused_because="لا يكفي السبب")
    legacy_fines_data.lifts(sample)
    known = fresh(sample)
    Violation.objects.filter(pk=known.pk).update(party=sample.owner.person)
    terms.extend(violation=sample.fines.served, person=sample.owner.person)
    objection = Objection.objects.get(pk=sample.fines.objection.pk)
    Objection.objects.filter(pk=objection.pk).update(decision=state_changes.fresh_document(sample, "OBD-2026-999999-X"))
    Defence.objects.create(objection=objection, words="الصورة واضحة", at=clock.now(), by=sample.fines.inspector.key)
    objection.additions.create(round=1, words="جواب", at=clock.now())
    sample.fines.guarded = Guarded(other, judged, plan)  # type: ignore[attr-defined]


@dataclass
class Guarded:
    ordered: Violation
    judged: Violation
    plan: Plan
