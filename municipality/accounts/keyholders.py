"""Which members of staff must prove themselves by a passkey: a code can be phished, a passkey cannot.

The one table of this rule. Whoever decides, signs, publishes or administers stands in it, and every superuser beside it.
"""

from __future__ import annotations

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from municipality.accounts import demo_door
from municipality.accounts.models import User
from municipality.accounts.queries import has_role
from municipality.ui.admin_base import in_group

# Group → what its members put their name to.
KEY_ROLES: dict[str, str] = {
    "officer": "decides requests of the queue",
    "supervisor": "countersigns decisions and lets a request be taken out of turn",
    "violation_authority": "allows annulments, waivers and reductions",
    "court_clerk": "refers to the court, enters and confirms rulings",
    "register_keeper": "releases sheets of the register of shops, confirms merges, and takes over what the commercial register says",
    "finance_checker": "approves refunds, reversals and the closing of differences",
    "rule_publisher": "publishes editions of the rulebook",
    "operator": "administers jobs and deliveries and opens the way back to a lost passkey",
}


def _proofs(request: HttpRequest) -> list[dict[str, Any]]:
    return [record for record in get_authentication_records(request, request.user) if record.get("method") == "mfa"]


def must_hold(user: User) -> bool:
    """Whether this member of staff needs a passkey, whatever the session."""
    return bool(user.is_staff and user.is_superuser) or has_role(user, *KEY_ROLES)


def is_asked(request: HttpRequest) -> bool:
    """`must_hold` of whoever is signed in; one query for each request, shared with the questions about roles."""
    user = request.user
    return bool(user.is_authenticated and user.is_staff) and (user.is_superuser or any(in_group(request, role) for role in KEY_ROLES))


def codes_count(request: HttpRequest) -> bool:
    """Whether a code serves in the place of a passkey: in the demo, whose codes are printed, for a browser on this machine."""
    return bool(settings.STAFF_CODES_COUNT_AS_KEYS) and demo_door.is_open_to(request)


def used(request: HttpRequest) -> bool:
    """Whether a passkey was used in this very session."""
    return any(record.get("type") == Authenticator.Type.WEBAUTHN for record in _proofs(request))


def is_lacking(request: HttpRequest) -> bool:
    """Whether this session was opened by a code although its holder signs or decides."""
    return not used(request) and is_asked(request) and not codes_count(request)
