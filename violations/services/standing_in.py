"""Who takes a step about a violation: a party, or a delegate or clerk of a party by a right that is in force at that moment."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.acting import queries as acting
from municipality.acting.queries import Principal
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from violations import queries, rules
from violations.models import Violation
from violations.states import SERVICE


def acts(violation: Violation, person: Any, way: str) -> Principal:
    """For whom `person` takes a way out of a violation, once more under the lock of the right. Inside a transaction.

    Raises NotPermitted for a stranger, "delegation_over" where the right has ended, "party_only" where the way is the party's alone
    (rules.DELEGATES).
    """
    principal = queries.principal(person, violation)
    demand_open(principal, way)
    if principal.grant is None or violation.shop is None:
        return principal
    if not acting.may(principal.actor, person=principal.person, service=SERVICE, subject=violation.shop.key):
        acting.refuse_over(person, owners=[principal.person.pk], service=SERVICE, subject=violation.shop.key)
        raise NotPermitted("not_yours", _("This violation is not yours."))
    return principal


def demand_open(principal: Principal, way: str) -> None:
    """A way that is the party's alone is not a delegate's. Raises NotPermitted("party_only")."""
    if not principal.is_self and not rules.DELEGATES[way]:
        raise NotPermitted("party_only", _("Only the party may do this, not a delegate. Nothing was saved."))


def by(principal: Principal) -> Actor:
    """The actor of a step of the violation's own: the party, or whoever acts for them."""
    return Actor("party", principal.person.key) if principal.is_self else principal.actor
