"""The rights of delegates, clerks and assisting staff, by which `authorization` decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Exists, OuterRef, Q, QuerySet

from municipality.accounts.models import User
from municipality.accounts.queries import organisations_signed_by, signatures
from municipality.accounts.requests import Visitor
from municipality.delegation import registry
from municipality.delegation.models import Consent, Delegation
from municipality.delegation.states import DelegationState
from municipality.kernel import clock, request_cache


@dataclass(frozen=True)
class Grant:
    """One right to act for `giver`, in force now. An empty `subject` is every subject of the giver, an empty `service` every service."""

    giver: User
    subject: str
    service: str
    organisation_id: int | None
    kind: str  # delegate, clerk, assistant
    until: dt.date | dt.datetime | None
    row: Delegation | Consent

    @property
    def is_whole_organisation(self) -> bool:
        return self.subject.startswith("organisation:")

    def serves(self, service: str) -> bool:
        """Whether it holds in a service; always true for an empty one."""
        return not service or not self.service or self.service == service

    def subjects(self, column: str = "subject") -> Q:
        """The condition on rows whose subject it covers; `column` holds the subject key."""
        if not self.subject:
            return Q()
        if not self.is_whole_organisation:
            return Q(**{column: self.subject})
        keys = registry.belongings([self.organisation_id or 0])
        own = Q(**{column: self.subject})
        return own if keys is None else own | Q(**{f"{column}__in": keys})

    def covers(self, subject: str) -> bool:
        """Whether it covers a subject."""
        return not self.subject or self.subject == subject or (self.is_whole_organisation and subject in self._belongings)

    @cached_property
    def _belongings(self) -> frozenset[str]:
        """The subject keys of the organisation."""
        keys = registry.belongings([self.organisation_id or 0])
        return frozenset() if keys is None else frozenset(keys)


def in_force(on: dt.date | None = None) -> QuerySet[Delegation]:
    """Delegations in force today, or on another day."""
    today = on or clock.today()
    return Delegation.objects.filter(
        state=DelegationState.ACTIVE, first_day__lte=today, last_day__gte=today, giver__is_active=True, delegate__is_active=True
    )


def is_delegate() -> Exists:
    """Whether a person holds a delegation on any day, read with the person: `grants` asks for rows only then."""
    return Exists(Delegation.objects.filter(delegate=OuterRef("pk"), state=DelegationState.ACTIVE))


def has_offers() -> Exists:
    """Whether a delegation was offered to a person and not answered, read with the person: `offered_to` is asked only then."""
    return Exists(Delegation.objects.filter(delegate_digest=OuterRef("civil_id_digest"), state=DelegationState.OFFERED))


def open_consents() -> QuerySet[Consent]:
    """Consents by which staff may act now."""
    now = clock.now()
    return Consent.objects.filter(
        opened_at__isnull=False, closed_at__isnull=True, open_until__gt=now, staff__is_active=True, person__is_active=True
    )


def grants(user: Visitor, service: str = "") -> list[Grant]:
    """The rights of `user` to act for others now; one query a request. `authorization.may` checks them again under a lock."""
    if not user.is_authenticated or not user.is_active:
        return []
    in_force_now = request_cache.get_or_set(("delegation.grants", user.pk), lambda: _grants(user))
    return [grant for grant in in_force_now if grant.serves(service)]


def _grants(user: User) -> list[Grant]:
    if user.is_staff:
        consents = open_consents().filter(staff=user).prefetch_related("person", "branch")
        return [Grant(row.person, "", row.purpose, None, "assistant", row.open_until, row) for row in consents if row.person is not None]
    if not getattr(user, "is_delegate", True):  # the person of a session who holds none
        return []
    # Runs on every page of a delegate: related rows are prefetched only if a delegation is in force.
    rows = in_force().filter(delegate=user).order_by("pk").prefetch_related("giver", "organisation")
    return [Grant(row.giver, row.subject, row.service, row.organisation_id, row.role, row.last_day, row) for row in rows]


def consent_of(user: User) -> Consent | None:
    """The consent by which a member of staff acts now, or None."""
    return open_consents().filter(staff=user).select_related("person", "branch").first()


def granted_rows(
    user: User,
    *,
    owner: str,
    subject: str,
    service: str,
    organisation: str = "",
    held: str = "",
    column: str = "",
    kinds: Collection[str] = (),
) -> Q | None:
    """The condition on rows of others on which `user` may act; None if there are no grants.

    `owner` and `subject` are the columns of the person and of the subject key; `organisation` is the column of an organisation whose
    signatories own the row in place of that person, `held` the column of a second subject that a grant must cover too. `service` is the
    service of all rows, or empty if `column` is the column of it. `kinds` restricts to kinds of grants.
    """
    combined: Q | None = None
    for grant in grants(user, service):
        if kinds and grant.kind not in kinds:
            continue
        within = grant.subjects(subject)
        if held and grant.subject:
            within = within & Q(**{held: ""}) | grant.subjects(held)
        given = Q(**{owner: grant.giver})
        if organisation:
            signed = signatures(grant.giver).values("organisation")
            given = given & Q(**{organisation: None}) | Q(**{f"{organisation}__in": signed})
        condition = given & within
        if grant.service and column:
            condition &= Q(**{column: grant.service})
        combined = condition if combined is None else combined | condition
    return combined


def given_by(user: User) -> QuerySet[Delegation]:
    """Delegations that a person gave, and those of the organisations they sign for today; newest first."""
    return (
        Delegation.objects.filter(Q(giver=user) | Q(organisation__in=organisations_signed_by(user)))
        .select_related("giver", "delegate", "organisation", "last_event")
        .order_by("-pk")
    )


def offered_to(user: User) -> QuerySet[Delegation]:
    """Delegations that this person can accept or decline."""
    if not user.civil_id_digest:
        return Delegation.objects.none()
    offered = Delegation.objects.filter(delegate_digest=user.civil_id_digest, state=DelegationState.OFFERED, answer_by__gte=clock.today())
    return offered.exclude(giver=user).select_related("giver", "organisation").order_by("-pk")


def named_in(user: User) -> QuerySet[Delegation]:
    """Delegations that were ever offered to a person, however the offers ended."""
    if not user.civil_id_digest:
        return Delegation.objects.none()
    named = Delegation.objects.filter(delegate_digest=user.civil_id_digest)
    return named.exclude(giver=user).select_related("giver", "delegate", "organisation", "last_event")


def held_by(user: User) -> QuerySet[Delegation]:
    """Delegations that a person has accepted; newest first."""
    return Delegation.objects.filter(delegate=user).select_related("giver", "organisation", "last_event").order_by("-pk")


def users_by_key(keys: Collection[str]) -> dict[str, User]:
    """The users with these keys; other keys are ignored."""
    ids = {key.partition(":")[2] for key in keys if key.startswith(("person:", "staff:"))}
    return {user.key: user for user in User.objects.filter(public_id__in=ids).select_related("branch")} if ids else {}
