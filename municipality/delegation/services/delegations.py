"""Giving, accepting and ending delegations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids
from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import organisations_signed_by, signatories_of
from municipality.audit.services import record
from municipality.delegation import registry
from municipality.delegation.models import Delegation, Role
from municipality.delegation.notifications import DelegationAccepted, DelegationOffered, DelegationOver
from municipality.delegation.states import DELEGATION_WORKFLOW, DelegationState
from municipality.jobs import sweeps
from municipality.kernel import civil_id, clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.notifications.services import send
from municipality.notifications.texts import Bilingual
from municipality.rulebook import queries as rulebook
from municipality.ui.texts import Text

LIMITS = "limits.delegation"
SYSTEM = system("delegation")
OFFERS = AttemptLimit("delegation_offers", 20, 86_400)  # a giver: offers must not reveal who has an account
S = DelegationState


def max_last_day(today: dt.date | None = None) -> dt.date:
    """The last day that a delegation given today may have, by the rulebook's `delegation_days`."""
    on = today or clock.today()
    return on + dt.timedelta(days=rulebook.edition(LIMITS, on).limits["delegation_days"].value - 1)


def give(*, giver: User, number: str, subject: str, service: str, last_day: dt.date, role: str = Role.DELEGATE) -> Delegation:
    """Offer a delegation to the person with a civil number. The result does not reveal whether that person has an account.

    Raises Refused: own_number, signs_already, no_such_service, too_long, in_the_past, offered_already, and too_many with status 429;
    NotPermitted("not_held") if the giver does not hold the subject.
    """
    if not OFFERS.take(giver.key):
        refusal = Refused("too_many", _("Too many delegations were offered today. Please try again tomorrow."))
        refusal.status = 429
        raise refusal
    return _give(giver, number, subject, service, last_day, role)


@transaction.atomic
def _give(giver: User, number: str, subject: str, service: str, last_day: dt.date, role: str) -> Delegation:
    today = clock.today()
    digest = civil_ids.digest(number)
    holding = registry.holding_of(giver, subject)
    if holding is None or giver.is_staff or (role == Role.CLERK and holding.organisation is None):
        raise NotPermitted("not_held", _("Only the owner, or one who signs for the organisation, lets others act."))
    if role == Role.CLERK:
        service = ""
    elif service not in registry.SERVICES or not registry.SERVICES[service].is_delegable:
        raise Refused("no_such_service", _("Choose a service from the list."))
    if digest == giver.civil_id_digest:
        raise Refused("own_number", _("This is your own civil number. Enter the number of the person who is to act for you."))
    if holding.organisation is not None and signatories_of(holding.organisation).filter(civil_id_digest=digest).exists():
        raise Refused(
            "signs_already",
            _("This person signs for the organisation and acts for it without a delegation. Enter the number of somebody else."),
        )
    if last_day < today:
        raise Refused("in_the_past", _("The last day has passed. Choose today or a later day."))
    if last_day > max_last_day(today):
        raise Refused("too_long", _("A delegation cannot last that long. Choose an earlier last day; it can be given again later."))
    answer_days = rulebook.edition(LIMITS, today).limits["answer_days"].value
    try:
        with transaction.atomic():
            row = Delegation.objects.create(
                giver=giver,
                delegate_digest=digest,
                delegate_masked=civil_id.mask(number),
                organisation=holding.organisation,
                subject=subject,
                service=service,
                role=role,
                first_day=today,
                last_day=last_day,
                offered_at=clock.now(),
                answer_by=min(last_day, today + dt.timedelta(days=answer_days)),
            )
    except IntegrityError as error:
        if Delegation.objects.filter(giver=giver, delegate_digest=digest, subject=subject, service=service).exists():
            raise Refused(
                "offered_already", _("This person holds or was offered the same delegation already. It is in the list.")
            ) from error
        raise
    data = {"about": subject, "service": service, "role": role, "until": last_day.isoformat()}
    record("delegation.offered", subject=row.key, actor=actor_of(giver), data=data)
    person = _named(row)
    if person is not None:
        send(DelegationOffered, person=person, key=row.public_id, subject_key=row.key, context=_context(row))
    return row


def accept(*, delegation: Delegation, person: User) -> Delegation:
    """Accept a delegation, as the named person. Raises NotPermitted for others, Refused("too_late") and Refused("not_held_now")."""
    with transaction.atomic():
        row = _offered(delegation, person)
        if row.answer_by < clock.today():
            raise Refused("too_late", _("The time to accept this delegation is over. It can be offered again."))
        if not row.giver.is_active or registry.holding_of(row.giver, row.subject) is None:
            raise Refused(
                "not_held_now",
                _("Who offered this delegation does not own the shop or sign for the organisation any more. It cannot be accepted."),
            )
        _move(row, "accept", actor_of(person), delegate=person)
        send(DelegationAccepted, person=row.giver, key=row.public_id, subject_key=row.key, context=_context(row) | {"delegate": person})
    return row


def decline(*, delegation: Delegation, person: User) -> Delegation:
    """Decline a delegation, as the named person. Raises NotPermitted for others."""
    with transaction.atomic():
        row = _offered(delegation, person)
        _move(row, "decline", actor_of(person), closed_at=clock.now())
        _notify_end(row, row.giver)
    return row


def end(*, delegation: Delegation, person: User) -> Delegation:
    """End a delegation at once, as its giver, as one who signs for its organisation, or as its delegate.

    Raises NotPermitted for others and TransitionRefused for one that has ended.
    """
    with transaction.atomic():
        row = _locked(delegation)
        move = "withdraw" if row.state == S.OFFERED else "revoke"
        if row.delegate_id == person.pk:
            _close(row, "renounce", actor_of(person), notify=row.giver)
        elif row.giver_id == person.pk:
            _close(row, move, actor_of(person), notify=_other_party(row))
        elif _signs_for(row, person):
            _close(row, move, actor_of(person), notify=None)
            for party in filter(None, (row.giver, _other_party(row))):
                _notify_end(row, party, by_another=True)
        else:
            raise NotPermitted("not_yours", _("This delegation is not yours."))
    return row


def _signs_for(row: Delegation, person: User) -> bool:
    return row.organisation_id is not None and organisations_signed_by(person).filter(pk=row.organisation_id).exists()


def end_due() -> int:
    """Close offers past `answer_by` and delegations past their last day, each in its own transaction. Returns how many."""
    today = clock.today()
    due = Delegation.objects.filter(state=S.ACTIVE, last_day__lt=today) | Delegation.objects.filter(state=S.OFFERED, answer_by__lt=today)
    return sweeps.for_each("delegation.end_delegation", list(due.order_by("pk").values_list("pk", flat=True)[:500]), _end)


def _end(pk: int) -> bool:
    row = Delegation.objects.select_for_update(of=("self",)).select_related("giver", "delegate", "organisation").get(pk=pk)
    if row.state == S.ACTIVE and row.last_day < clock.today():
        _close(row, "end", SYSTEM, notify=row.delegate)
    elif row.state == S.OFFERED and row.answer_by < clock.today():
        _close(row, "lapse", SYSTEM, notify=_other_party(row))
    else:
        return False
    _notify_end(row, row.giver)
    return True


def end_offers(*, subject: str, how: Bilingual) -> None:
    """Close the offers about a subject that nobody holds any more and tell both sides `how`; in the transaction of what ended it."""
    rows = Delegation.objects.select_for_update(of=("self",)).select_related("giver", "delegate", "organisation")
    for row in rows.filter(state=S.OFFERED, subject=subject).order_by("pk"):
        _close(row, "lapse", SYSTEM, notify=None)
        for party in filter(None, (row.giver, _other_party(row))):
            _notify_end(row, party, how=how)


def _locked(delegation: Delegation) -> Delegation:
    rows = Delegation.objects.select_for_update(of=("self",)).select_related("giver", "delegate", "organisation")
    return rows.get(pk=delegation.pk)


def _offered(delegation: Delegation, person: User) -> Delegation:
    row = _locked(delegation)
    if person.is_staff or not person.civil_id_digest or person.civil_id_digest != row.delegate_digest or row.giver_id == person.pk:
        raise NotPermitted("not_yours", _("This delegation is not offered to you."))
    return row


def _named(row: Delegation) -> User | None:
    """The person named in an offer, if they have an account."""
    return User.objects.filter(civil_id_digest=row.delegate_digest, is_active=True).first()


def _other_party(row: Delegation) -> User | None:
    """The delegate; before they accept, the person named in the offer if a message told them of it."""
    if row.delegate is not None:
        return row.delegate
    return User.objects.filter(is_active=True, messages__kind=DelegationOffered.kind, messages__key=row.public_id).first()


def _move(row: Delegation, name: str, actor: Actor, **changes: Any) -> None:
    transition(row, name, actor=actor, **changes)
    record(f"delegation.{name}", subject=row.key, actor=actor, data={"about": row.subject, "service": row.service})


def _close(row: Delegation, name: str, actor: Actor, *, notify: User | None) -> None:
    DELEGATION_WORKFLOW.move(name, row.state)
    _move(row, name, actor, closed_at=clock.now())
    for on_end in registry.ENDED.values():
        on_end(row)
    if notify is not None:
        _notify_end(row, notify)


def _notify_end(row: Delegation, person: User, *, by_another: bool = False, how: Bilingual | None = None) -> None:
    """Tell a party how it ended; `by_another`: one who signs for the organisation ended it, not its giver; `how`: why an offer lapsed."""
    ending = {
        S.DECLINED: Bilingual("لم يقبلها المفوَّض", "the delegate declined it"),
        S.WITHDRAWN: Bilingual("سحبها المفوِّض قبل قبولها", "its giver took it back before it was accepted"),
        S.REVOKED: Bilingual("ألغاها المفوِّض", "its giver revoked it"),
        S.RENOUNCED: Bilingual("تنازل عنها المفوَّض", "the delegate gave it up"),
        S.LAPSED: how or Bilingual("انتهت مهلة قبولها", "the time to accept it passed"),
        S.ENDED: Bilingual("انقضى يومها الأخير", "its last day passed"),
    }[S(row.state)]
    if by_another:
        ending = {
            S.WITHDRAWN: Bilingual("سحبها مفوَّض بالتوقيع عن المنشأة قبل قبولها", "one who signs for the organisation took it back"),
            S.REVOKED: Bilingual("ألغاها مفوَّض بالتوقيع عن المنشأة", "one who signs for the organisation revoked it"),
        }[S(row.state)]
    send(DelegationOver, person=person, key=f"{row.public_id}:{row.state}", subject_key=row.key, context=_context(row) | {"how": ending})


def _context(row: Delegation) -> dict[str, Any]:
    return {"delegation": row, "giver": row.giver, "about": name_of(row), "service": service_name(row), "until": row.last_day}


def name_of(row: Delegation) -> Bilingual:
    """The name of the shop or organisation of a delegation."""
    ar, en = registry.names_of([row.subject]).get(row.subject, (row.subject, row.subject))
    return Bilingual(ar, en or ar)


def service_name(row: Delegation) -> Text:
    """The name of the service of a delegation, a lazy text."""
    return registry.SERVICES[row.service].name if row.service in registry.SERVICES else _("every service")


__all__ = ["accept", "decline", "end", "end_due", "end_offers", "give", "max_last_day", "name_of", "service_name"]
