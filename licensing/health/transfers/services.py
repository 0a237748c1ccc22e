"""Transfers: ask, take back, agree, decline, and end what nobody answers."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.health import queries as licences
from licensing.health.notifications import RenewalSent
from licensing.health.services.cancel import named_access
from licensing.health.services.cases import open_renewal
from licensing.health.services.officer import EDITIONS
from licensing.health.states import TRANSFER, TRANSFER_WORKFLOW, RenewalState
from licensing.health.transfers import queries
from licensing.health.transfers.models import TransferOutcome
from licensing.health.transfers.notifications import (
    TransferAgreed,
    TransferAsked,
    TransferAskedBySignatory,
    TransferAskedFor,
    TransferEnded,
    TransferGoesOn,
)
from licensing.models import Lane, LicenceTransfer
from municipality.accounts import civil_ids
from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import Organisation, User, actor_of
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.delegation.authorization import Access
from municipality.jobs import sweeps
from municipality.kernel import civil_id, clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send
from municipality.notifications.texts import Bilingual
from municipality.review.services import case_clock, queue
from municipality.rulebook import queries as rulebook
from payments import queries as payments
from payments.models import Bill
from payments.services import void_bill
from shops.models import Shop
from shops.register import queries as shops

SYSTEM = system("licensing")
ASKS = AttemptLimit("licence_transfers", 10, 86_400)  # a person: many numbers could be tried
HOW = {
    TransferOutcome.DECLINED: Bilingual("اعتذر المرخص له الجديد عن القبول", "the new holder declined"),
    TransferOutcome.LAPSED: Bilingual("انقضت مهلة الرد دون رد", "the time to answer passed"),
    "other_holder": Bilingual("أصبح للمحل مرخص له آخر", "the shop has another holder by now"),
    "merged": Bilingual("دُمج المحل في محل آخر في السجل", "the shop was merged into another one in the register"),
    "called_off": Bilingual("تراجع المرخص له الحالي عن التنازل", "the present holder called it off"),
    "signatory": Bilingual("سحبه مفوَّض آخر بالتوقيع عن المنشأة", "another signatory took it back"),
    "delegate": Bilingual("سحبه مفوَّض", "a delegate took it back"),
    RenewalState.REFUSED: Bilingual("رُفض الطلب", "the request was refused"),
    RenewalState.WITHDRAWN: Bilingual("سحب المرخص له الجديد الطلب", "the new holder withdrew the request"),
    RenewalState.EXPIRED: Bilingual("أُغلق الطلب لعدم استكماله في موعده", "the request was closed because it was not completed in time"),
}


class TransferOver(Refused):
    """The transfer can no longer be answered."""

    status = 410


def ask(*, shop: Shop, person: User, number: str) -> LicenceTransfer:
    """Name the person with a civil number as the new holder. Nothing tells whether that person has an account.

    `person` holds the shop, or acts by a delegation that names this service. Raises NotYours, Refused: too_many (status 429), own_number,
    asked_already, or the code of the first unmet condition.
    """
    if not ASKS.take(person.key):
        refusal = Refused("too_many", _("Too many civil numbers were named today. Please try again tomorrow."))
        refusal.status = 429
        raise refusal
    return _ask(shop, person, number)


@transaction.atomic
def _ask(shop: Shop, person: User, number: str) -> LicenceTransfer:
    row = Shop.objects.select_for_update(of=("self",)).select_related("owner", "organisation", "branch").get(pk=shop.pk)
    shops.refuse_merged(row)
    access, digest, now = named_access(person, row, TRANSFER), civil_ids.digest(number), clock.now()
    if digest == person.civil_id_digest and not access.is_self:
        raise Refused("own_number", _("This is your own civil number. Who acts for the holder cannot be the new holder."))
    if digest == access.person.civil_id_digest and row.owner is not None:
        raise Refused("own_number", _("This is the civil number of the present holder. Enter that of the new one."))
    if queries.waiting_on(row) is not None:
        raise Refused("asked_already", _("A transfer of this licence waits for an answer. Take it back before you name another person."))
    before = queries.unanswerable().filter(shop=row).first()
    if before is not None:
        _lapse(before.pk)
    _refuse_unmet(licences.offer(row, TRANSFER))
    days = queries.answer_days()
    transfer = LicenceTransfer.objects.create(
        shop=row,
        asked_by=access.person,
        holder_key=queries.key_of(row.licensee),
        to_digest=digest,
        to_masked=civil_id.mask(number),
        asked_at=now,
        expires_at=clock.end_of(clock.today() + dt.timedelta(days=days)),
    )
    record("transfer.asked", subject=row.key, actor=access.actor, data={"transfer": transfer.public_id, "days": days})
    named = User.objects.filter(civil_id_digest=digest, is_active=True).first()
    if named is not None:
        context = {"transfer": transfer, "shop": row, "holder": row.licensee, "until": clock.day_of(transfer.expires_at)}
        send(TransferAsked, person=named, key=transfer.public_id, subject_key=row.key, context=context)
    kind = TransferAskedBySignatory if access.is_self else TransferAskedFor
    context = {"shop": row, "asker": person, "number": transfer.to_masked}
    for owner in shops.owners(row):
        if owner != person:  # each of the others may take it back
            send(kind, person=owner, key=transfer.public_id, subject_key=row.key, context=context)
    return transfer


def _refuse_unmet(offer: licences.Offer) -> None:
    first = next((condition for condition in offer.unmet if condition.code not in offer.flags), None)
    if first is not None or offer.licence is None or offer.period is None:
        code = first.code if first is not None else "licence_valid"
        raise Refused(code, _("A condition is no longer met. The page shows which one and what to do."))


@transaction.atomic
def take_back(*, transfer: LicenceTransfer, person: User) -> None:
    """Take a transfer back before the answer, or call its request off before it is paid, as for `ask`; the others concerned are told.

    Raises NotYours, TransferOver, and Refused: "payment_open" while the bank has not answered, "changed" where another move came first.
    """
    # Bill, case, shop: in the order of a withdrawal, a payment and an issue, which may come at the same moment.
    case = LicenceTransfer.objects.select_related("case").get(pk=transfer.pk).case
    bill = payments.bill_of(case.key) if case is not None else None
    if bill is not None:
        Bill.objects.select_for_update().get(pk=bill.pk)
    if case is not None:
        Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    shop, row = _locked(transfer)
    if row.case != case or (case is not None and payments.bill_of(case.key) != bill):
        raise Refused("changed", _("This has been decided meanwhile. The page shows how it stands."))
    access = named_access(person, shop, TRANSFER)
    actor = access.actor
    if not row.outcome:
        _close(row, TransferOutcome.WITHDRAWN, actor)
        _tell_taken_back(row, access, person, _told_of(row))
        return
    case = row.case
    if case is None or row.signer is None or case.state not in TRANSFER_WORKFLOW.moves["call_off"].sources:
        raise TransferOver("answered", _("This transfer has ended, so it cannot be taken back."))
    if bill is not None:
        void_bill(bill=bill, actor=actor)
    advance(case, "call_off", actor=SYSTEM, data={"by": actor.key})
    queue.leave(case=case, actor=SYSTEM, code="withdrawn")
    record("transfer.called_off", subject=shop.key, actor=actor, data={"transfer": row.public_id})
    LicenceTransfer.objects.filter(pk=row.pk).update(told_at=clock.now())
    _tell_taken_back(row, access, person, row.signer)


def _told_of(row: LicenceTransfer) -> User | None:
    """The named person, if a message told them of the transfer."""
    return User.objects.filter(is_active=True, messages__kind=TransferAsked.kind, messages__key=row.public_id).first()


def _tell_taken_back(row: LicenceTransfer, access: Access, by: User, new_holder: User | None) -> None:
    """Tell the new holder, and all others who know of it but the one who took it back."""
    told = dict.fromkeys(_holders_told(row), "signatory" if access.is_self else "delegate")
    if new_holder is not None and new_holder != row.asked_by:
        told[new_holder] = "called_off"
    for person, how in told.items():
        if person != by:
            _tell_end(row, person, how)


def _holders_told(row: LicenceTransfer) -> list[User]:
    """Whoever asked for a transfer, and the others who held the shop and whom a message told of its beginning."""
    kinds = (TransferAskedFor.kind, TransferAskedBySignatory.kind)
    told = User.objects.filter(is_active=True, messages__kind__in=kinds, messages__key=row.public_id)
    return [row.asked_by, *told.exclude(pk=row.asked_by_id).order_by("pk")]


def refuse_answering(transfer: LicenceTransfer, user: User) -> None:
    """Raises NotPermitted for everyone but the named person; TransferOver: answered, withdrawn, lapsed."""
    if user.is_staff or not user.civil_id_digest or user.civil_id_digest != transfer.to_digest:
        raise NotPermitted("not_yours", _("This transfer is not offered to you."))
    if transfer.outcome == TransferOutcome.WITHDRAWN:
        raise TransferOver("withdrawn", _("The present holder took this transfer back. Nothing is needed from you."))
    if transfer.outcome in (TransferOutcome.AGREED, TransferOutcome.DECLINED):
        raise TransferOver("answered", _("You have answered already. Nothing more is needed here."))
    if not queries.is_of_holder(transfer):
        raise TransferOver("lapsed", _("The shop has another holder by now. Nothing is needed from you."))
    if transfer.shop.merged_into_id is not None:
        raise TransferOver("lapsed", _("The shop was merged into another one in the register. Nothing is needed from you."))
    if transfer.outcome or transfer.expires_at <= clock.now():
        raise TransferOver("lapsed", _("The time to answer has passed. The present holder can ask again."))


@transaction.atomic
def agree(*, transfer: LicenceTransfer, user: User, organisation: Organisation | None = None, expected_fils: int | None = None) -> Case:
    """Agree, for oneself or for an organisation that one signs for: the request goes to an officer, and its applicant is the user.

    Raises what `refuse_answering` does, and Refused: not_signatory, same_holder, not_possible, or "price_changed" when `expected_fils` is
    not the fee, which is that of the request's bill.
    """
    shop, row = _locked(transfer)
    refuse_answering(row, user)
    if organisation is not None and organisation not in queries.choices(row, user):
        raise Refused("not_signatory", _("Choose yourself, or an organisation that you sign for."))
    if queries.key_of(organisation or user) == row.holder_key:
        raise Refused("same_holder", _("The shop is held by you already. Choose an organisation, or decline."))
    offer = licences.offer(shop, TRANSFER)
    try:
        _refuse_unmet(offer)
    except Refused as refused:
        raise Refused(
            "not_possible", _("The licence cannot be transferred today. Its present holder sees why, and can ask again.")
        ) from refused
    if expected_fils is not None and expected_fils != offer.total:
        raise Refused("price_changed", _("The fee changed while the page was open. Check the new amounts and submit again."))
    today, actor = clock.today(), actor_of(user)
    editions = [offer.fees, offer.limits, *rulebook.editions(EDITIONS, today), rulebook.calendar_edition()]
    due_on = case_clock.promised_day(rulebook.edition("limits.review", today))
    renewal = open_renewal(
        shop=shop,
        applicant=user,
        organisation=organisation,
        offer=offer,
        editions=editions,
        due_on=due_on,
        actor=actor,
        lane=Lane.OFFICER,
        flags=offer.flags,
    )
    case = renewal.case
    row.organisation, row.case = organisation, case
    _close(row, TransferOutcome.AGREED, actor, signer=user)
    advance(case, "send_to_officer", actor=actor, data={"transfer": row.public_id, "flags": offer.flags})
    queue.join(case=case, actor=actor)
    case.refresh_from_db()
    context = {"case": case, "shop": shop, "due_on": case.due_on}
    send(RenewalSent, person=user, key=case.public_id, subject_key=case.key, context=context)
    context = {"shop": shop, "due_on": case.due_on}
    send(TransferAgreed, person=row.asked_by, key=row.public_id, subject_key=shop.key, context=context)
    return case


@transaction.atomic
def decline(*, transfer: LicenceTransfer, user: User) -> None:
    """Decline, which ends the transfer. Raises what `refuse_answering` does."""
    _shop, row = _locked(transfer)
    refuse_answering(row, user)
    _close(row, TransferOutcome.DECLINED, actor_of(user), signer=user)
    for person in _holders_told(row):
        _tell_end(row, person, TransferOutcome.DECLINED)


def end_due() -> int:
    """Close transfers that nobody can answer any more, and tell present holders of requests that ended. Returns how many of both."""
    late = queries.unanswerable().order_by("pk").values_list("pk", flat=True)
    ended = LicenceTransfer.objects.filter(case__is_open=False, told_at__isnull=True).exclude(case__state=RenewalState.ISSUED)
    done = sweeps.for_each("licensing.lapse_transfer", list(late[:500]), _lapse)
    return done + sweeps.for_each("licensing.tell_transfer", list(ended.order_by("pk").values_list("pk", flat=True)[:500]), _tell)


def _lapse(pk: int) -> bool:
    _shop, row = _locked(LicenceTransfer.objects.get(pk=pk))
    is_late = row.expires_at <= clock.now()
    how = "merged" if row.shop.merged_into_id else (TransferOutcome.LAPSED if queries.is_of_holder(row) else "other_holder")
    if row.outcome or (how == TransferOutcome.LAPSED and not is_late):
        return False
    _close(row, TransferOutcome.LAPSED, SYSTEM)
    for person in _holders_told(row):
        _tell_end(row, person, how)
    return True


def _tell(pk: int) -> bool:
    row = LicenceTransfer.objects.select_for_update(of=("self",)).select_related("shop", "asked_by", "case").get(pk=pk)
    if row.told_at is not None or row.case is None or row.case.state not in HOW:
        return False
    LicenceTransfer.objects.filter(pk=pk).update(told_at=clock.now())
    for person in _holders_told(row):
        _tell_end(row, person, row.case.state)
    return True


def go_on(case: Case) -> None:
    """Tell those whom its end was told that the request of a transfer goes on after an appeal; does nothing for another act."""
    if (row := queries.of_case(case)) is None:
        return
    LicenceTransfer.objects.filter(pk=row.pk).update(told_at=None)
    for person in _holders_told(row):
        send(TransferGoesOn, person=person, key=row.public_id, subject_key=row.shop.key, context={"shop": row.shop})


def _locked(transfer: LicenceTransfer) -> tuple[Shop, LicenceTransfer]:
    """The shop of a transfer, locked as by all acts on its licence, and the transfer."""
    shop = Shop.objects.select_for_update(of=("self",)).select_related("owner", "organisation", "branch").get(pk=transfer.shop_id)
    row = (
        LicenceTransfer.objects.select_for_update(of=("self",)).select_related("asked_by", "signer", "case__applicant").get(pk=transfer.pk)
    )
    row.shop = shop
    return shop, row


def _close(row: LicenceTransfer, outcome: TransferOutcome, actor: Actor, *, signer: User | None = None) -> None:
    row.outcome, row.signer, row.answered_at = outcome, signer, clock.now()
    row.save(update_fields=["outcome", "signer", "answered_at", "organisation", "case"])
    record(f"transfer.{outcome}", subject=row.shop.key, actor=actor, data={"transfer": row.public_id})


def _tell_end(row: LicenceTransfer, person: User, how: str) -> None:
    context = {"shop": row.shop, "how": HOW[how], "has_passed": how == "merged" or not queries.is_of_holder(row)}
    last = f":{row.case.last_event_id}" if row.case is not None else ""  # one that goes on after an appeal ends a second time
    send(TransferEnded, person=person, key=f"{row.public_id}:{how}{last}", subject_key=row.shop.key, context=context)
