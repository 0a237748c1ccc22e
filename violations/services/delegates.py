"""Who takes a step about a violation: a party, or a delegate or clerk of a party by a right that is in force at that moment."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.delegation.authorization import Access, NotYours, authorize, may, refuse_over
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from violations import rules
from violations.models import Violation
from violations.states import SERVICE


def authorize_step(violation: Violation, person: User, way: str) -> Access:
    """For whom `person` takes a way out of a violation, once more under the lock of the right. Inside a transaction.

    Raises NotPermitted for a stranger, "delegation_over" where the right has ended, "party_only" where the way is the party's alone
    (rules.DELEGATES).
    """
    access = authorize(person, violation)
    require_open(access, way)
    if access.grant is None or violation.shop is None:
        return access
    if not may(access.actor, person=access.person, service=SERVICE, subject=violation.shop.key):
        refuse_over(person, owners=[access.person.pk], service=SERVICE, subject=violation.shop.key)
        raise NotYours
    return access


def require_open(access: Access, way: str) -> None:
    """A way that is the party's alone is not a delegate's. Raises NotPermitted("party_only")."""
    if not access.is_self and not rules.DELEGATES[way]:
        raise NotPermitted("party_only", _("Only the party may do this, not a delegate. Nothing was saved."))


def actor_for(access: Access) -> Actor:
    """The actor of a step of the violation's own: the party, or whoever acts for them."""
    return Actor("party", access.person.key) if access.is_self else access.actor
