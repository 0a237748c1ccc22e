"""The second factor of staff: time-based codes (RFC 6238)."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote, urlencode

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts import limits
from municipality.accounts.models import SecondFactorUse, User
from municipality.accounts.services.sessions import end_all_of
from municipality.audit.services import record
from municipality.kernel import clock, digits
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused, TooMany


class NotStaff(Refused):
    """Only staff sign in with a second factor."""


def enrol(*, user: User, actor: Actor) -> tuple[str, str]:
    """Give a member of staff a new secret and end their sessions. Returns the secret and its otpauth URL, to be shown once.

    Raises NotStaff.
    """
    if not user.is_staff:
        raise NotStaff("not_staff", _("Only staff sign in with a second factor."))
    secret = totp.generate_totp_secret()
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        totp.TOTP.activate(user, secret)
        record("accounts.second_factor_enrolled", subject=user.key, actor=actor)
    end_all_of(user)
    return secret, otpauth(user, secret)


def otpauth(user: User, secret: str) -> str:
    """The otpauth URL, which authenticator apps read."""
    issuer = mfa_settings.TOTP_ISSUER
    query = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(user.login)}?{query}"


def check(*, user: User, typed: str) -> Authenticator | None:
    """The user's authenticator if the typed code is right and unused, else None. Raises TooMany after five wrong ones in five minutes."""
    if not limits.STAFF_CODE.take(user.key):
        raise TooMany("staff_code", _("Too many tries. Please try again in five minutes."))
    authenticator = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    if authenticator is None:
        return None
    secret = decrypt(authenticator.data["secret"])
    code = digits.clean(typed).replace(" ", "")
    for step in totp.yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=totp.format_hotp_value(totp.hotp_value(secret, step))):
            if not _use(user, step):
                return None
            limits.STAFF_CODE.clear(user.key)
            return authenticator
    return None


def _use(user: User, step: int) -> bool:
    """Mark a time step as used. False if it or a later one was used already."""
    if SecondFactorUse.objects.filter(user=user, step__gte=step).exists():
        return False
    try:
        with transaction.atomic():
            SecondFactorUse.objects.create(user=user, step=step, at=clock.now())
    except IntegrityError:
        return False
    return True


def forget(older_than: dt.timedelta = dt.timedelta(days=1)) -> int:
    """Delete used steps whose codes are no longer accepted. Returns how many."""
    return SecondFactorUse.objects.filter(at__lt=clock.now() - older_than).delete()[0]
