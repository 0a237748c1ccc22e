"""Which members of staff need a passkey, because a code can be phished: all roles of PASSKEY_ROLES, and every superuser."""

from __future__ import annotations

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from municipality.accounts import demo_sign_in
from municipality.accounts.models import User
from municipality.accounts.queries import has_role
from municipality.ui.admin_base import in_group

# Group → what its members decide, sign, publish or administer.
PASSKEY_ROLES: dict[str, str] = {
    "officer": "decides requests of the queue",
    "supervisor": "countersigns decisions and lets a request be taken out of turn",
    "violation_authority": "allows annulments, waivers and reductions",
    "court_clerk": "refers to the court, enters and confirms rulings",
    "register_keeper": "releases sheets of the register of shops, confirms merges, and takes over what the commercial register says",
    "finance_checker": "approves refunds, reversals and the closing of differences",
    "rule_publisher": "publishes editions of the rulebook",
    "intake": "opens who reported, hides parts of reports, and stops senders",
    "planner": "writes zoning opinions, closes what deviations opened, and releases and undoes files of plots",
    "operator": "administers jobs and deliveries and allows the recovery of lost passkeys",
}


def must_hold_passkey(user: User) -> bool:
    """Whether this user needs a passkey, whatever the session."""
    return bool(user.is_staff and user.is_superuser) or has_role(user, *PASSKEY_ROLES)


def needs_passkey(request: HttpRequest) -> bool:
    """`must_hold_passkey` of the signed-in user; one query a request, shared with `in_group`."""
    user = request.user
    return bool(user.is_authenticated and user.is_staff) and (user.is_superuser or in_group(request, *PASSKEY_ROLES))


def accepts_codes(request: HttpRequest) -> bool:
    """Whether a code serves instead of a passkey: in the demo, whose codes are printed, for a browser on this machine."""
    return bool(settings.STAFF_CODES_COUNT_AS_KEYS) and demo_sign_in.is_available(request)


def used_passkey(request: HttpRequest) -> bool:
    """Whether a passkey was used in this session."""
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "mfa" and record.get("type") == Authenticator.Type.WEBAUTHN for record in records)


def lacks_passkey(request: HttpRequest) -> bool:
    """Whether the signed-in user needs a passkey and this session was opened without one."""
    return not used_passkey(request) and needs_passkey(request) and not accepts_codes(request)
