"""Who may see and pay a bill: its payer, whoever signs for the organisation whose request it is for, and who acts for one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat

from municipality.accounts.models import Organisation, User, actor_for
from municipality.accounts.queries import may_sign
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.delegation import queries as delegation
from municipality.delegation.authorization import may
from municipality.delegation.registry import Ownership
from municipality.kernel.actors import Actor
from payments.models import Bill
from payments.registry import DELEGATED_BILLS, RIGHTS, Right


def payable_by(user: User, bill: str = "") -> Q:
    """The condition on bills that a person may see and pay; `bill` is the prefix of the columns of a bill.

    A bill of a request of an organisation is not its payer's who does not sign for it any more.
    """
    own = Q(**{f"{bill}payer": user})
    if may_sign(user):
        of_person = Bill.objects.filter(payer=user).exclude(subject__in=_keys(cases.left_behind(user)))
        of_organisations = Bill.objects.filter(subject__in=_keys(cases.of_organisations(user)))
        own = Q(**{f"{bill}pk__in": of_person.values("pk").union(of_organisations.values("pk"))})
    if not delegation.grants(user):
        return own
    delegated = cases.delegated_to(user)
    # Only bills that the applicant of the case pays.
    condition = own | Q(**{f"{bill}subject__in": _keys(delegated), f"{bill}payer__in": delegated.values("applicant")})
    for provider in DELEGATED_BILLS.values():
        keys = provider(user)
        condition = condition if keys is None else condition | Q(**{f"{bill}pk__in": keys})
    return condition


def refunds_of(user: User) -> Q:
    """The condition on refunds that a person sees: their own, and those of the requests of organisations that they sign for."""
    if not may_sign(user):
        return Q(payer=user)
    left, shared = _keys(cases.left_behind(user)), _keys(cases.of_organisations(user))
    return (Q(payer=user) & ~Q(subject__in=left)) | Q(subject__in=shared)


def _keys(rows: QuerySet[Case]) -> QuerySet[Any]:
    return rows.annotate(case_key=Concat(Value("case:"), F("public_id"))).values("case_key")


def ownership(bill: Bill, user: User) -> Ownership:
    """A bill is its payer's, or whose the request of an organisation is; delegates with `right_over` it may pay it, except staff."""
    case = _case_of_organisation(bill, user)
    if case is not None:
        found = cases.ownership(case, user)
        return replace(found, owners=[] if user.is_staff else found.owners, kinds=("delegate", "clerk"))
    right = right_over(bill) if bill.payer_id != user.pk and not user.is_staff else None
    if right is None:
        return Ownership(bill.payer_id == user.pk, [bill.payer_id], [], kinds=())
    return Ownership(is_own=False, owners=[bill.payer_id], subjects=[right.subject], service=right.service, kinds=("delegate", "clerk"))


def right_over(bill: Bill) -> Right | None:
    """What a delegation of the payer must cover to pay a bill; None where only the payer pays."""
    kind, _colon, _public_id = bill.subject.partition(":")
    if kind != "case":
        return RIGHTS[kind](bill) if kind in RIGHTS else None
    case = case_of(bill)
    return Right(case.service, case.rights_key) if case is not None and case.applicant_id == bill.payer_id else None


def case_of(bill: Bill) -> Case | None:
    """The case that a bill is for."""
    kind, _colon, public_id = bill.subject.partition(":")
    return Case.objects.filter(public_id=public_id).first() if kind == "case" else None


def _case_of_organisation(bill: Bill, user: User) -> Case | None:
    """The case of an organisation that a bill is for; not asked for where it is the user's own and they sign for none."""
    case = case_of(bill) if bill.payer_id != user.pk or may_sign(user) else None
    return case if case is not None and case.organisation_id is not None else None


def payer_actor(user: User, bill: Bill) -> Actor:
    """The actor of a step of a payment of a bill: for oneself, for an organisation that one signs for, or by delegation."""
    case = _case_of_organisation(bill, user)
    is_own = case is not None and cases.is_owner(user, case.applicant_id, case.organisation_id)
    return actor_for(user, user if is_own else bill.payer)


def holder_key(bill: Bill) -> str:
    """The key of the holder of a receipt: the payer, or the organisation whose request was paid for."""
    case = case_of(bill)
    return case.holder_key if case is not None and case.organisation_id is not None else bill.payer.key


def holder_of(bill: Bill) -> User | Organisation:
    """The payer of a bill, or the organisation whose request it is for: its payer may have left it."""
    case = case_of(bill)
    return (case.organisation if case is not None else None) or bill.payer


def may_pay(user: User, bill: Bill) -> bool:
    """Whether a person may pay a bill now. Locks the delegation; inside a transaction."""
    case = _case_of_organisation(bill, user)
    if case is not None:
        people = [user] if cases.is_owner(user, case.applicant_id, case.organisation_id) else cases.owners(case)
        return not user.is_staff and any(cases.may_act(actor_for(user, person), case) for person in people)
    if bill.payer_id == user.pk:
        return True
    right = None if user.is_staff else right_over(bill)
    if right is None:
        return False
    return may(actor_for(user, bill.payer), person=bill.payer, service=right.service, subject=right.subject)


def delegated_among(bills: Sequence[Bill], user: User) -> dict[int, User | Organisation]:
    """Whose those of some bills are, by primary key, which a person pays by delegation (`holder_of`)."""
    others = {bill.pk: bill for bill in bills if bill.payer_id != user.pk}
    if others and may_sign(user):
        shared = Bill.objects.filter(pk__in=others, subject__in=_keys(cases.of_organisations(user)))
        for pk in shared.values_list("pk", flat=True):
            del others[pk]
    ids = [bill.subject.partition(":")[2] for bill in others.values() if bill.subject.startswith("case:")]
    found = Case.objects.filter(public_id__in=ids, organisation__isnull=False).select_related("organisation") if ids else ()
    organisations = {case.key: case.organisation for case in found}
    return {pk: organisations.get(bill.subject) or bill.payer for pk, bill in others.items()}
