"""Who may act for whom now: the rights of delegates, clerks and assisting staff. `authorization` decides by them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from municipality.accounts.models import User
from municipality.accounts.queries import organisations_signed_by
from municipality.accounts.requests import Visitor
from municipality.delegation import registry
from municipality.delegation.models import Consent, Delegation, Role
from municipality.delegation.states import DelegationState
from municipality.kernel import clock, request_cache


@dataclass(frozen=True)
class Grant:
    """One right to act for `giver`, in force now. `subject` is empty for everything of the giver, `service` for every service."""

    giver: User
    subject: str
    service: str
    organisation_id: int | None
    kind: str  # delegate, clerk, assistant
    until: Any
    row: Delegation | Consent

    @property
    def is_whole_organisation(self) -> bool:
        return self.subject.startswith("organisation:")

    def serves(self, service: str) -> bool:
        """Whether it holds for a service; an empty one asks for any."""
        return not service or not self.service or self.service == service

    def subjects(self, column: str = "subject") -> Q:
        """The condition that a row's subject lies within it."""
        if not self.subject:
            return Q()
        if not self.is_whole_organisation:
            return Q(**{column: self.subject})
        keys = registry.belongings([self.organisation_id or 0])
        own = Q(**{column: self.subject})
        return own if keys is None else own | Q(**{f"{column}__in": keys})

    def covers(self, subject: str) -> bool:
        """Whether one subject lies within it."""
        return not self.subject or self.subject == subject or (self.is_whole_organisation and subject in self._belongings)

    @cached_property
    def _belongings(self) -> frozenset[str]:
        """The subjects of the organisation, read once for each grant."""
        keys = registry.belongings([self.organisation_id or 0])
        return frozenset() if keys is None else frozenset(keys)


def in_force(on: dt.date | None = None) -> QuerySet[Delegation]:
    """Delegations that hold today, or on another day."""
    today = on or clock.today()
    return Delegation.objects.filter(
        state=DelegationState.ACTIVE, first_day__lte=today, last_day__gte=today, giver__is_active=True, delegate__is_active=True
    )


def open_consents() -> QuerySet[Consent]:
    """Consents that let staff act now."""
    now = clock.now()
    return Consent.objects.filter(
        opened_at__isnull=False, closed_at__isnull=True, open_until__gt=now, staff__is_active=True, person__is_active=True
    )


def grants(user: Visitor, service: str = "") -> list[Grant]:
    """What `user` may do for others now: nothing for strangers. One query a page; `may` asks again, under the lock."""
    if not user.is_authenticated or not user.is_active:
        return []
    found = request_cache.get_or_set(("delegation.grants", user.pk), lambda: _grants(user))
    return [grant for grant in found if grant.serves(service)]


def _grants(user: User) -> list[Grant]:
    if user.is_staff:
        consents = open_consents().filter(staff=user).prefetch_related("person", "branch")
        return [Grant(row.person, "", row.purpose, None, "assistant", row.open_until, row) for row in consents if row.person is not None]
    # Asked on every page of a person, of whom few act for others: what belongs to a row is read where there is one, not joined.
    rows = in_force().filter(delegate=user).order_by("pk").prefetch_related("giver", "organisation")
    return [Grant(row.giver, row.subject, row.service, row.organisation_id, row.role, row.last_day, row) for row in rows]


def stands_in(user: User) -> bool:
    """Whether a member of staff acts for a person now."""
    return open_consents().filter(staff=user).exists()


def consent_of(user: User) -> Consent | None:
    """The consent with which a member of staff acts now."""
    return open_consents().filter(staff=user).select_related("person", "branch").first()


def rows(user: User, *, owner: str, subject: str, service: str, held: str = "", column: str = "", kinds: Collection[str] = ()) -> Q | None:
    """The condition on rows of others in which `user` may act; None where nobody let them.

    `owner` and `subject` name the columns of the person and of the subject key, `held` the one with the subject that a right must
    cover where it is another. `service` is the one that all rows are of, or empty
    where `column` names the column that says it. `kinds` narrows to those of `Grant.kind`.
    """
    found: Q | None = None
    for grant in grants(user, service):
        if kinds and grant.kind not in kinds:
            continue
        within = grant.subjects(subject)
        if held and grant.subject:
            within = within & Q(**{held: ""}) | grant.subjects(held)
        condition = Q(**{owner: grant.giver}) & within
        if grant.service and column:
            condition &= Q(**{column: grant.service})
        found = condition if found is None else found | condition
    return found


# --- Pages ---------------------------------------------------------------------------------------------------------------


def given_by(user: User) -> QuerySet[Delegation]:
    """Delegations that a person gave, and those of the organisations they sign for today; newest first."""
    return (
        Delegation.objects.filter(Q(giver=user) | Q(organisation__in=organisations_signed_by(user)))
        .select_related("giver", "delegate", "organisation", "last_event")
        .order_by("-pk")
    )


def offered_to(user: User) -> QuerySet[Delegation]:
    """Delegations that wait for this person's answer."""
    if not user.civil_id_digest:
        return Delegation.objects.none()
    waiting = Delegation.objects.filter(delegate_digest=user.civil_id_digest, state=DelegationState.OFFERED, answer_by__gte=clock.today())
    return waiting.exclude(giver=user).select_related("giver", "organisation").order_by("-pk")


def held_by(user: User) -> QuerySet[Delegation]:
    """Delegations that a person accepted once; newest first."""
    return Delegation.objects.filter(delegate=user).select_related("giver", "organisation", "last_event").order_by("-pk")


def clerks_of(organisation: Any) -> QuerySet[Delegation]:
    """Who works for an organisation today."""
    return in_force().filter(organisation=organisation, role=Role.CLERK).select_related("delegate").order_by("pk")


def named_in(actors: Collection[str]) -> dict[str, User]:
    """People and staff by their keys, for a page that says who for whom."""
    ids = {key.partition(":")[2] for key in actors if key.startswith(("person:", "staff:"))}
    return {user.key: user for user in User.objects.filter(public_id__in=ids).select_related("branch")} if ids else {}
