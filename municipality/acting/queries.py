"""Who may act for whom now. Every permission of a delegate, a clerk or assisting staff is decided here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_for, actor_of
from municipality.accounts.queries import organisations_signed_by
from municipality.acting import registry
from municipality.acting.models import Consent, Delegation, Role
from municipality.acting.states import STANDING, DelegationState
from municipality.kernel import clock, request_cache
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from municipality.ui.dates import day_text


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


@dataclass(frozen=True)
class Principal:
    """For whom something is done, and who does it."""

    person: User
    actor: Actor
    grant: Grant | None = None

    @property
    def is_self(self) -> bool:
        return self.grant is None


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


def grants(user: Any, service: str = "") -> list[Grant]:
    """What `user` may do for others now: nothing for strangers. One query a page; `may` asks again, under the lock."""
    if not user.is_authenticated or not user.is_active:
        return []
    found = request_cache.get_or_set(("acting.grants", user.pk), lambda: _grants(user))
    return [grant for grant in found if grant.serves(service)]


def _grants(user: Any) -> list[Grant]:
    if user.is_staff:
        consents = open_consents().filter(staff=user).prefetch_related("person", "branch")
        return [Grant(row.person, "", row.purpose, None, "assistant", row.open_until, row) for row in consents if row.person is not None]
    # Asked on every page of a person, of whom few act for others: what belongs to a row is read where there is one, not joined.
    rows = in_force().filter(delegate=user).order_by("pk").prefetch_related("giver", "organisation")
    return [Grant(row.giver, row.subject, row.service, row.organisation_id, row.role, row.last_day, row) for row in rows]


def stands_in(user: Any) -> bool:
    """Whether a member of staff acts for a person now."""
    return open_consents().filter(staff=user).exists()


def consent_of(user: Any) -> Consent | None:
    """The consent with which a member of staff acts now."""
    return open_consents().filter(staff=user).select_related("person", "branch").first()


def rows(user: Any, *, owner: str, subject: str, service: str, held: str = "", column: str = "", kinds: Collection[str] = ()) -> Q | None:
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


def principal(user: Any, *, owners: Iterable[User], service: str, subject: str, kinds: Collection[str] = ()) -> Principal:
    """For whom `user` acts in a matter whose owners are given: themselves if they are one, else the owner who let them.

    Raises NotPermitted where nobody did, with the sentence of what is over if something was.
    """
    people = list(owners)
    if any(person.pk == user.pk for person in people):
        return Principal(user, actor_of(user))
    ids = {person.pk for person in people}
    for grant in grants(user, service):
        if grant.giver.pk in ids and (not kinds or grant.kind in kinds) and grant.covers(subject):
            return Principal(grant.giver, actor_for(user, grant.giver), grant)
    refuse_over(user, owners=ids, service=service, subject=subject)
    raise NotPermitted("not_yours", _("This step is not yours to take."))


def may(actor: Actor, *, person: User, service: str, subject: str) -> bool:
    """Whether an actor may take a step that is `person`'s own: the person, or whoever acts for them now.

    Reads the right under its row lock, so that a revocation and an act come one after the other. Inside a transaction.
    """
    if actor.role == "applicant":
        return actor.key == person.key
    if actor.role not in ("delegate", "assistant") or actor.for_key != person.key:
        return False
    public_id = actor.key.partition(":")[2]
    user = User.objects.filter(public_id=public_id, is_active=True).first()
    if user is None or user.key != actor.key:
        return False
    for grant in grants(user, service):
        if grant.giver.pk == person.pk and grant.covers(subject):
            row = type(grant.row).objects.select_for_update(of=("self",)).get(pk=grant.row.pk)
            if row.is_in_force if isinstance(row, Delegation) else row.is_open:
                return True
    return False


def refuse_over(user: Any, *, owners: Collection[int], service: str, subject: str) -> None:
    """Say clearly that a right to act is over; nothing where there never was one.

    Raises NotPermitted("delegation_over") and NotPermitted("consent_over").
    """
    if not user.is_authenticated:
        return
    if user.is_staff:
        last = Consent.objects.filter(staff=user, person__in=owners, opened_at__isnull=False).order_by("-pk").first()
        if last is not None and last.purpose == service:
            raise NotPermitted(
                "consent_over", _("The consent to act for this person is over. Nothing was saved. Ask the person for a new code.")
            )
        return
    held = Delegation.objects.filter(delegate=user, giver__in=owners).exclude(state__in=[*STANDING, DelegationState.DECLINED])
    late = Delegation.objects.filter(delegate=user, giver__in=owners, state=DelegationState.ACTIVE, last_day__lt=clock.today())
    for row in (held | late).select_related("giver").order_by("-pk")[:50]:
        grant = Grant(row.giver, row.subject, row.service, row.organisation_id, row.role, row.last_day, row)
        if grant.serves(service) and grant.covers(subject):
            raise NotPermitted("delegation_over", over_sentence(row))


def over_sentence(row: Delegation) -> Any:
    """Who ended a delegation, and that nothing was kept."""
    if row.state == DelegationState.REVOKED:
        return _("The owner revoked your delegation for this shop. Nothing of this page was saved, and nothing more can be done with it.")
    if row.state == DelegationState.RENOUNCED:
        return _("You gave this delegation up. Nothing of this page was saved.")
    return format_lazy(
        "{} {}", _("Your delegation for this shop ended on its last day. Nothing of this page was saved. Last day:"), day_text(row.last_day)
    )


# --- Pages ---------------------------------------------------------------------------------------------------------------


def given_by(user: Any) -> QuerySet[Delegation]:
    """Delegations that a person gave, and those of the organisations they sign for today; newest first."""
    return (
        Delegation.objects.filter(Q(giver=user) | Q(organisation__in=organisations_signed_by(user)))
        .select_related("giver", "delegate", "organisation", "last_event")
        .order_by("-pk")
    )


def offered_to(user: Any) -> QuerySet[Delegation]:
    """Delegations that wait for this person's answer."""
    if not user.civil_id_digest:
        return Delegation.objects.none()
    waiting = Delegation.objects.filter(delegate_digest=user.civil_id_digest, state=DelegationState.OFFERED, answer_by__gte=clock.today())
    return waiting.exclude(giver=user).select_related("giver", "organisation").order_by("-pk")


def held_by(user: Any) -> QuerySet[Delegation]:
    """Delegations that a person accepted once; newest first."""
    return Delegation.objects.filter(delegate=user).select_related("giver", "organisation", "last_event").order_by("-pk")


def clerks_of(organisation: Any) -> QuerySet[Delegation]:
    """Who works for an organisation today."""
    return in_force().filter(organisation=organisation, role=Role.CLERK).select_related("delegate").order_by("pk")


def named_in(actors: Collection[str]) -> dict[str, User]:
    """People and staff by their keys, for a page that says who for whom."""
    ids = {key.partition(":")[2] for key in actors if key.startswith(("person:", "staff:"))}
    return {user.key: user for user in User.objects.filter(public_id__in=ids).select_related("branch")} if ids else {}
