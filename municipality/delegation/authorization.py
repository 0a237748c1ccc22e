"""Who may act on a row, and on whose behalf. Every view, and every service again, calls `authorize`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Model
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_for, actor_of
from municipality.accounts.requests import Visitor
from municipality.delegation import registry
from municipality.delegation.models import Consent, Delegation
from municipality.delegation.queries import Grant, grants
from municipality.delegation.states import OPEN_STATES, DelegationState
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from municipality.ui.dates import day_text
from municipality.ui.texts import Text


@dataclass(frozen=True)
class Access:
    """The right of a user to act on a row: `person` is on whose behalf, `grant` the right of one who acts for them."""

    person: User
    actor: Actor
    grant: Grant | None = None

    @property
    def is_self(self) -> bool:
        return self.grant is None


class NotYours(NotPermitted):
    """The row belongs to another person; a page responds 404."""

    status = 404

    def __init__(self) -> None:
        super().__init__("not_yours", _("You cannot take this step."))


def authorize(user: Visitor, row: Model, service: str = "") -> Access:
    """The access of `user` to a row in a service: as its owner, or by a grant of an owner.

    The app of the model registers its ownership (`registry.OWNERSHIPS`); `service` is needed if that does not name one.
    Raises NotYours without any right; NotPermitted("delegation_over") or ("consent_over") if the right has ended.
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
    """Whether `user` may act on a row now. Raises NotPermitted if a right of theirs has ended."""
    try:
        authorize(user, row, service)
    except NotYours:
        return False
    return True


def may(actor: Actor, *, person: User, service: str, subject: str) -> bool:
    """Whether an actor may act as `person`: themselves, or by a grant that is in force now.

    Must run inside a transaction: it locks the grant's row, so that a revocation and the act are serialised.
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
    """Raise NotPermitted("delegation_over") or ("consent_over") if `user` had a right to act that has ended."""
    if not user.is_authenticated:
        return
    if user.is_staff:
        last = Consent.objects.filter(staff=user, person__in=owners, opened_at__isnull=False).order_by("-pk").first()
        if last is not None and last.purpose == service:
            raise NotPermitted(
                "consent_over", _("The consent to act for this person is over. Nothing was saved. Ask the person for a new code.")
            )
        return
    held = Delegation.objects.filter(delegate=user, giver__in=owners).exclude(state__in=[*OPEN_STATES, DelegationState.DECLINED])
    late = Delegation.objects.filter(delegate=user, giver__in=owners, state=DelegationState.ACTIVE, last_day__lt=clock.today())
    for row in (held | late).select_related("giver").order_by("-pk")[:50]:
        grant = Grant(row.giver, row.subject, row.service, row.organisation_id, row.role, row.last_day, row)
        if grant.serves(service) and grant.covers(subject):
            raise NotPermitted("delegation_over", over_sentence(row))


def over_sentence(row: Delegation) -> Text:
    """The sentence for a user whose delegation has ended: who ended it, and that nothing was saved."""
    if row.state == DelegationState.REVOKED:
        return _("The owner revoked your delegation for this shop. Nothing more can be done with it.")
    if row.state == DelegationState.RENOUNCED:
        return _("You gave this delegation up. Nothing of this page was saved.")
    return format_lazy(
        "{} {}", _("Your delegation for this shop ended on its last day. Nothing of this page was saved. Last day:"), day_text(row.last_day)
    )
