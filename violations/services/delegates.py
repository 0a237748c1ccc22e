"""Permission for a step about a violation: of its party, or of a delegate or clerk in force at that moment."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.delegation.authorization import Access, NotYours, authorize, may, refuse_over
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from violations import rules
from violations.models import Violation
from violations.states import SERVICE


def authorize_step(violation: Violation, person: User, option: str) -> Access:
    """The access by which `person` takes an option of a violation; locks the delegation. Inside a transaction.

    Raises NotPermitted: "delegation_over" where the right has ended, "party_only" (rules.DELEGATES), or for anybody else.
    """
    access = authorize(person, violation)
    require_open(access, option)
    if access.grant is None or violation.shop is None:
        return access
    if not may(access.actor, person=access.person, service=SERVICE, subject=violation.shop.key):
        refuse_over(person, owners=[access.person.pk], service=SERVICE, subject=violation.shop.key)
        raise NotYours
    return access


def require_open(access: Access, option: str) -> None:
    """Raises NotPermitted("party_only") if a delegate may not take an option."""
    if not access.is_self and not rules.DELEGATES[option]:
        raise NotPermitted("party_only", _("Only the party may do this, not a delegate. Nothing was saved."))


def actor_for(access: Access) -> Actor:
    """The actor of a move of a violation: the party, or their delegate."""
    return Actor("party", access.person.key) if access.is_self else access.actor
