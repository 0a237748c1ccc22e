"""Who may act about a row, and for whom. Every view, and every service once more, asks `authorize`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_for, actor_of
from municipality.accounts.requests import Visitor
from municipality.delegation import registry
from municipality.delegation.models import Consent, Delegation
from municipality.delegation.queries import Grant, grants
from municipality.delegation.states import STANDING, DelegationState
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from municipality.ui.dates import day_text


@dataclass(frozen=True)
class Access:
    """For whom something is done, and who does it: `person` themselves, or whoever acts for them by `grant`."""

    person: User
    actor: Actor
    grant: Grant | None = None

    @property
    def is_self(self) -> bool:
        return self.grant is None


class NotYours(NotPermitted):
    """Somebody else's: a page answers as if it were not there."""

    status = 404

    def __init__(self) -> None:
        super().__init__("not_yours", _("This step is not yours to take."))


def authorize(user: Visitor, row: Model, service: str = "") -> Access:
    """The access of `user` to a row in a service: their own, or that of an owner who let them act.

    Whose a row is says the app that keeps it (`registry.OWNERSHIPS`); `service` is needed where the row is not of one service alone.
    Raises NotYours for a stranger; NotPermitted("delegation_over") or ("consent_over"), with a sentence, where they might until then.
    """
    if not user.is_authenticated:
        raise NotYours
    ownership = registry.OWNERSHIPS[row._meta.label](row, user)
    if ownership.is_own and not user.is_staff:
        return Access(user, actor_of(user))
    service = ownership.service or service
    held = [grant for grant in grants(user, service) if grant.giver.pk in ownership.owners and grant.kind in ownership.kinds]
    for subject in ownership.subjects:
        for grant in held:
            if grant.covers(subject):
                return Access(grant.giver, actor_for(user, grant.giver), grant)
    for subject in ownership.subjects:
        refuse_over(user, owners=ownership.owners, service=service, subject=subject)
    raise NotYours


def is_authorized(user: Visitor, row: Model, service: str = "") -> bool:
    """Whether `user` may act about a row now. Raises NotPermitted where a right of theirs is over."""
    try:
        authorize(user, row, service)
    except NotYours:
        return False
    return True


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


def refuse_over(user: Visitor, *, owners: Collection[int], service: str, subject: str) -> None:
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
