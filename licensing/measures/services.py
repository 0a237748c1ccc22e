"""Measures: propose, sign or not, ask for the lifting, lift, and end with the last day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from licensing.health import queries as licences
from licensing.health.names import VOIDED
from licensing.health.services import issue
from licensing.health.services.officer import write_begun
from licensing.health.states import RENEWAL
from licensing.measures import effects, queries
from licensing.measures.models import MeasureEnd
from licensing.measures.notifications import MeasureBegan, MeasureEnded
from licensing.measures.registry import report_of
from licensing.models import HealthLicence, Inspection, Measure, NewLicence, Renewal
from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import has_role
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.cases.services import lift_block, place_block
from municipality.documents.states import LIVE, DocumentState
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send
from municipality.notifications.texts import Bilingual
from municipality.rulebook import queries as rulebook
from municipality.ui.dates import day_text
from payments import queries as payments
from payments.states import BillState
from shops.models import Shop
from shops.register import queries as shops
from shops.register import services as register
from shops.register.conflicts import parties_of, unless_tied

SYSTEM = system("licensing")
PROPOSERS, SIGNERS = ("inspector", "supervisor"), ("supervisor",)


def _parties(about: Shop | Measure) -> tuple[str, Callable[[], Sequence[str]]]:
    """The key of a shop, or of that of a measure, and the keys of its parties."""
    shop = about if isinstance(about, Shop) else about.shop
    return shop.key, lambda: parties_of(shop)


def require(user: User, shop: Shop, roles: tuple[str, ...]) -> Actor:
    """The actor of staff of the shop's branch in one of some roles. Raises NotPermitted."""
    if not has_role(user, *roles) or user.branch_id != shop.branch_id:
        raise NotPermitted("not_your_role", _("Your role cannot do this."))
    return actor_of(user)


@unless_tied("officer", "shop", _parties)
@transaction.atomic
def propose(
    *, shop: Shop, officer: User, kind: str, code: str, text: str, days: int | None, inspection: Inspection | None = None, report: str = ""
) -> Measure:
    """Propose a measure against a licensed shop; nothing follows before its second signature. `days` None: until it is put right.

    Raises NotPermitted; Refused: merged, shop_closed, not_licensed, unknown_reason, too_long, other_inspection, other_report,
    open_already.
    """
    row = Shop.objects.select_for_update(of=("self",)).get(pk=shop.pk)
    actor = require(officer, row, PROPOSERS)
    _refuse_unlicensed(row)
    reason, most = queries.reasons().get(code), queries.limits()[f"{kind}_days"]
    if reason is None or reason.target not in ("", kind):
        raise Refused("unknown_reason", _("Choose a reason from the list."))
    if days is not None and not 1 <= days <= most:
        raise Refused("too_long", _("Enter fewer days: the rules set the most for each kind of measure."))
    if inspection is not None and inspection not in queries.failed_inspections(row):
        raise Refused("other_inspection", _("Choose a failed inspection of this shop."))
    if report and ((fact := report_of(report)) is None or fact.shop != row.pk):
        raise Refused("other_report", _("No violation report against this shop has this number. Please compare it with the report."))
    try:
        with transaction.atomic():
            measure = Measure.objects.create(
                shop=row,
                kind=kind,
                code=code,
                reason_ar=reason.text_ar,
                reason_en=reason.text_en,
                article_ar=reason.article_ar,
                article_en=reason.article_en,
                edition=rulebook.edition(queries.REPLIES, clock.today()).stamp,
                text=text,
                days=days,
                inspection=inspection,
                report=report,
                proposed_by=officer,
                proposed_at=clock.now(),
            )
    except IntegrityError as error:
        if Measure.objects.filter(shop=row, kind=kind, ending="").exists():
            raise Refused("open_already", _("A measure of this kind is open against this shop already.")) from error
        raise
    _record(measure, "proposed", actor, code=code, days=days)
    return measure


def _refuse_unlicensed(shop: Shop) -> None:
    shops.refuse_merged(shop)
    if shop.is_closed:
        raise Refused("shop_closed", _("This shop is closed in the register, so there is nothing to suspend or close."))
    states = (*LIVE, DocumentState.SUSPENDED)
    if not HealthLicence.objects.filter(shop=shop, is_current=True, document__state__in=states).exists():
        raise Refused("not_licensed", _("This shop has no health licence that could be suspended."))


@unless_tied("supervisor", "measure", _parties)
@transaction.atomic
def sign(*, measure: Measure, supervisor: User) -> Measure:
    """Sign a proposal: it is in force from today. Licence and boards are suspended, the renewal is blocked, the owners are told.

    Raises NotPermitted, also for who proposed it, and Refused: not_open, merged, shop_closed, not_licensed.
    """
    row, actor = _locked(measure, supervisor, SIGNERS)
    if row.signed_at is not None or row.ending:
        raise Refused("not_open", _("This has been decided meanwhile. The page shows how it stands."))
    if row.proposed_by_id == supervisor.pk:
        raise NotPermitted("own_proposal", _("Another person signs what you proposed."))
    _refuse_unlicensed(row.shop)
    today = clock.today()
    row.signed_by, row.signed_at, row.first_day = supervisor, clock.now(), today
    row.last_day = today + dt.timedelta(days=row.days - 1) if row.days is not None else None
    row.save(update_fields=["signed_by", "signed_at", "first_day", "last_day"])
    _record(row, "signed", actor, until=row.last_day.isoformat() if row.last_day else "")
    effects.suspend_licences(row.shop_id, actor)
    sentence = _sentence(row)
    place_block(
        subject=row.shop.key,
        ground=effects.MEASURE,
        source=row.key,
        stops=RENEWAL,
        sentence_ar=sentence.ar,
        sentence_en=sentence.en,
        actor=actor,
    )
    register.refresh_search([row.shop_id])  # the boards follow
    objection = today + dt.timedelta(days=queries.limits()["objection_days"])
    context = {
        "shop": row.shop,
        "measure": row,
        "sentence": sentence,
        "facts": row.text.strip().rstrip(". "),
        "branch": row.shop.branch,
        "until": objection,
    }
    for owner in shops.owners(row.shop):
        send(MeasureBegan, person=owner, key=row.public_id, subject_key=row.shop.key, context=context)
    return row


def _sentence(row: Measure) -> Bilingual:
    """What the owner reads where the measure stops something."""
    what = {
        "suspension": Bilingual("الترخيص موقوف", "The licence is suspended"),
        "closure": Bilingual("المحل مغلق إدارياً", "The shop is closed by the Municipality"),
    }[row.kind]
    end = Bilingual("حتى إزالة المخالفة", "until what was found is put right")
    if row.last_day is not None:
        days = {}
        for language in ("ar", "en"):
            with translation.override(language):
                days[language] = day_text(row.last_day)
        end = Bilingual(f"حتى {days['ar']}", f"until {days['en']}")
    return Bilingual(f"{what.ar} {end.ar}: {row.reason_ar} ({row.article_ar})", f"{what.en} {end.en}: {row.reason_en} ({row.article_en})")


@unless_tied("user", "measure", _parties)
@transaction.atomic
def reject(*, measure: Measure, user: User) -> Measure:
    """Take back one's own proposal, or decline that of another as a supervisor. Raises NotPermitted, Refused("not_open")."""
    is_own = measure.proposed_by_id == user.pk
    row, actor = _locked(measure, user, PROPOSERS if is_own else SIGNERS)
    if row.signed_at is not None or row.ending:
        raise Refused("not_open", _("This has been decided meanwhile. The page shows how it stands."))
    end = MeasureEnd.WITHDRAWN if is_own else MeasureEnd.DECLINED
    _end(row, end, user)
    _record(row, end, actor)
    return row


@unless_tied("officer", "measure", _parties)
@transaction.atomic
def ask_lift(*, measure: Measure, officer: User, text: str) -> Measure:
    """Ask that a measure is lifted before its end. Raises NotPermitted, Refused("not_open")."""
    row, actor = _locked(measure, officer, PROPOSERS)
    if not row.is_in_force or row.lift_by_id is not None:
        raise Refused("not_open", _("This has been decided meanwhile. The page shows how it stands."))
    row.lift_by, row.lift_text = officer, text
    row.save(update_fields=["lift_by", "lift_text"])
    _record(row, "lift_asked", actor)
    return row


@unless_tied("user", "measure", _parties)
@transaction.atomic
def reject_lift(*, measure: Measure, user: User) -> Measure:
    """Take back one's own request for the lifting, or decline that of another as a supervisor; it can be asked for again.

    Raises NotPermitted, Refused("not_open").
    """
    is_own = measure.lift_by_id == user.pk
    row, actor = _locked(measure, user, PROPOSERS if is_own else SIGNERS)
    if not row.is_in_force or row.lift_by_id is None or row.lift_by_id != measure.lift_by_id:
        raise Refused("not_open", _("This has been decided meanwhile. The page shows how it stands."))
    data = {"asked_by": row.lift_by.key if row.lift_by is not None else "", "text": row.lift_text}
    row.lift_by, row.lift_text = None, ""
    row.save(update_fields=["lift_by", "lift_text"])
    _record(row, "lift_withdrawn" if is_own else "lift_declined", actor, **data)
    return row


@unless_tied("supervisor", "measure", _parties)
@transaction.atomic
def lift(*, measure: Measure, supervisor: User) -> Measure:
    """Lift a measure whose lifting somebody else asked for. Raises NotPermitted, Refused("not_open")."""
    row, actor = _locked(measure, supervisor, SIGNERS)
    if not row.is_in_force or row.lift_by_id is None:
        raise Refused("not_open", _("This has been decided meanwhile. The page shows how it stands."))
    if row.lift_by_id == supervisor.pk:
        raise NotPermitted("own_proposal", _("Another person signs what you proposed."))
    _finish(row, MeasureEnd.LIFTED, actor, by=supervisor)
    return row


def end_due() -> int:
    """End the measures whose last day is over, each in its own transaction. Returns how many."""
    due = Measure.objects.filter(signed_at__isnull=False, ending="", last_day__lt=clock.today()).order_by("pk")
    return sweeps.for_each("licensing.end_measure", list(due.values_list("pk", flat=True)[:500]), _end_with_last_day)


def _end_with_last_day(pk: int) -> bool:
    row = _row(Measure.objects.get(pk=pk))
    if not row.is_in_force or row.last_day is None or row.last_day >= clock.today():
        return False
    _finish(row, MeasureEnd.OVER, SYSTEM)
    return True


def _finish(row: Measure, end: MeasureEnd, actor: Actor, by: User | None = None) -> None:
    _end(row, end, by)
    _record(row, end, actor)
    lift_block(subject=row.shop.key, source=row.key, actor=actor)
    _restore(row.shop_id, actor)
    register.refresh_search([row.shop_id])
    over = HealthLicence.objects.filter(shop=row.shop_id, is_current=True, last_day__lt=clock.today()).first()
    last_day = over.last_day if over is not None and not effects.runs(row.shop_id) else None
    until = licences.without_surcharge([over]).get(over.pk) if over is not None and last_day is not None else None
    context = {"shop": row.shop, "measure": row, "last_day": last_day, "until": until}
    for owner in shops.owners(row.shop):
        send(MeasureEnded, person=owner, key=row.public_id, subject_key=row.shop.key, context=context)


def _restore(shop_id: int, actor: Actor) -> None:
    """Put the licences in force again that nothing else suspends: another measure, or a payment that the bank took back.

    One whose next licence has begun is superseded, whether it is paid or not.
    """
    if effects.runs(shop_id):
        return
    rows = HealthLicence.objects.filter(shop=shop_id, document__state=DocumentState.SUSPENDED)
    for licence in rows.select_related("document__last_event").order_by("pk"):
        document, case = licence.document, _case_of(licence)
        bill = payments.bill_of(case.key) if case is not None else None
        is_unpaid = bill is not None and bill.state == BillState.DUE
        reason = document.last_event.reason if document.last_event is not None else ""
        is_over = issue.successor(licence) is not None
        if reason not in (effects.MEASURE, VOIDED) or (reason == VOIDED and is_unpaid and not is_over):
            continue
        issue.put_back(licence, document, reason=effects.OVER, actor=actor)
        if case is not None and is_unpaid and not is_over:
            issue.suspend(case, licence)
        else:
            write_begun(licence)


def _case_of(licence: HealthLicence) -> Case | None:
    """The request by which a licence was issued."""
    renewal = Renewal.objects.filter(new_licence=licence).select_related("case__applicant").first()
    new = NewLicence.objects.filter(licence=licence).select_related("case__applicant").first() if renewal is None else None
    row = renewal or new
    return row.case if row is not None else None


def _row(measure: Measure) -> Measure:
    """A measure, locked after its shop, as by all acts on its licence."""
    Shop.objects.select_for_update(of=("self",)).get(pk=measure.shop_id)
    return (
        Measure.objects.select_for_update(of=("self",))
        .select_related("shop__branch", "shop__owner", "shop__organisation")
        .get(pk=measure.pk)
    )


def _locked(measure: Measure, user: User, roles: tuple[str, ...]) -> tuple[Measure, Actor]:
    row = _row(measure)
    return row, require(user, row.shop, roles)


def _end(row: Measure, end: MeasureEnd, by: User | None) -> None:
    row.ending, row.ended_by, row.ended_at = end, by, clock.now()
    row.save(update_fields=["ending", "ended_by", "ended_at"])


def _record(row: Measure, what: str, actor: Actor, **data: object) -> None:
    record(f"measure.{what}", subject=row.shop.key, actor=actor, data={"measure": row.public_id, "kind": row.kind, **data})
