"""Passkeys (W3C Web Authentication level 2), for staff and for people who signed in through an identity provider once.

A challenge serves once, for five minutes, in the browser session that requested it. Signatures are verified by fido2 through
allauth; this module decides who may use a key, and detects copied keys by their counter.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import InvalidSignature
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_decode

from municipality.accounts import keyholders, openid
from municipality.accounts.models import User, actor_of
from municipality.accounts.services.sessions import end_others, is_fresh
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.errors import Refused

CHALLENGE_SECONDS = 300
MAX_KEYS = 10  # keys of one account
MAX_ANSWER_LENGTH = 20_000  # characters of an answer
CHALLENGE_AT = "passkey_asked_at"
# What the libraries raise for an invalid answer.
_INVALID_ANSWER = (ValidationError, ValueError, TypeError, LookupError, AttributeError, struct.error, InvalidSignature)


class NotFresh(Refused):
    """The last proof of this session is too old to add a passkey."""


class UnusablePasskey(Refused):
    """The answer does not fit the challenge of this browser, or the key may not be used here."""


class LastWayIn(Refused):
    """Without this key the account could not be signed in to again."""


class TooManyPasskeys(Refused):
    """The account has MAX_KEYS keys already."""


def of(user: User) -> QuerySet[Authenticator]:
    """The keys of an account, the oldest first."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("pk")


def require_fresh(request: HttpRequest) -> None:
    """Raises NotFresh."""
    if not is_fresh(request):
        raise NotFresh("not_fresh", _("Please sign in again first: a passkey is added within five minutes after signing in."))


def registration_options(request: HttpRequest, user: User) -> str:
    """The options with which the browser creates a key for `user`, as JSON. Raises NotFresh and TooMany."""
    require_fresh(request)
    _require_room(user)
    return _start_challenge(request, auth.begin_registration(user, passwordless=True))


def authentication_options(request: HttpRequest, user: User | None = None) -> str:
    """The options with which the browser uses a key, as JSON: one of `user`, or whichever the person picks."""
    return _start_challenge(request, auth.begin_authentication(user))


def add(request: HttpRequest, user: User, *, name: str, answer: str) -> Authenticator:
    """Save a new key and notify the person. Raises NotFresh, TooMany and UnusablePasskey."""
    require_fresh(request)
    credential = _read_answer(request, answer)
    try:
        auth.parse_registration_response(credential)
        data = auth.complete_registration(credential)
    except _INVALID_ANSWER as failure:
        raise _unusable() from failure
    finally:
        auth.clear_state()
    if not user.is_staff and not data.is_user_verified():
        raise UnusablePasskey(
            "not_verified", _("This key does not check who holds it. Please use one that asks for a finger, a face or a PIN.")
        )
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        _require_room(user)
        is_first = not of(user).exists()
        key = auth.WebAuthn.add(user, name, credential).instance
        key.data["counter"] = data.counter
        key.save(update_fields=["data"])
        data = {"key": key.pk, "first": is_first, "by_passkey": keyholders.used_passkey(request)}
        record("accounts.passkey_added", subject=user.key, actor=actor_of(user), data=data)
        _notify(user, "accounts.passkey_added", key)
    return key


def verify(request: HttpRequest, answer: str, user: User | None = None, *, of_staff: bool = False) -> Authenticator:
    """Verify an answer to this browser's challenge and return its key, which must be one of `user` if given. Raises UnusablePasskey.

    Without `user` the key is the only proof: it must have verified its holder (PIN or biometrics), and be a key of a person, or with
    `of_staff` of staff.
    """
    credential = _read_answer(request, answer)
    try:
        response = auth.parse_authentication_response(credential)
        owner = user or _holder(credential, of_staff=of_staff)
        key = auth.complete_authentication(owner, credential)
        counter = response.response.authenticator_data.counter
        is_alone_enough = response.response.authenticator_data.is_user_verified() and owner.is_staff == of_staff
    except _INVALID_ANSWER as failure:
        raise _unusable() from failure
    finally:
        auth.clear_state()
    if user is None and not is_alone_enough:
        raise _unusable()
    _count(key, counter)
    return key


def _holder(credential: dict[str, Any], *, of_staff: bool) -> User:
    """The user whom the credential names, staff or a person as `of_staff` says. Raises UnusablePasskey."""
    handle = websafe_decode(credential["response"]["userHandle"]).decode("ascii")
    rows = User.objects.filter(is_staff=True) if of_staff else User.objects.people().filter(civil_id_digest__isnull=False)
    user = rows.filter(public_id=handle).first()
    if user is None:
        raise _unusable()
    return user


def _count(key: Authenticator, counter: int) -> None:
    """Store the counter of a key. Raises UnusablePasskey if it did not grow: a copied key (section 6.1.1). Keys without one stay at 0."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().filter(pk=key.pk).first()
        before = row.data.get("counter", 0) if row else 0
        is_copy = row is None or ((counter or before) and counter <= before)
        if row and is_copy:
            owner: Any = key.user
            record("accounts.passkey_copied", subject=owner.key, actor=actor_of(owner), data={"key": key.pk})
        elif row and counter:
            row.data["counter"] = counter
            row.save(update_fields=["data"])
    if is_copy:  # outside of the transaction, so that the audit event stays
        raise _unusable()


def rename(user: User, key: Authenticator, name: str) -> None:
    """Rename a key."""
    with transaction.atomic():
        key.data["name"] = name
        key.save(update_fields=["data"])
        record("accounts.passkey_renamed", subject=user.key, actor=actor_of(user), data={"key": key.pk})


def remove(request: HttpRequest, user: User, key: Authenticator) -> None:
    """Delete a key, end every other session of the account, and notify the person. Raises LastWayIn."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if not has_other_sign_in(user, key):
            raise LastWayIn("last_way_in", _("This is the last way into the account. Please add another one before it is removed."))
        _notify(user, "accounts.passkey_removed", key)
        record("accounts.passkey_removed", subject=user.key, actor=actor_of(user), data={"key": key.pk})
        Authenticator.objects.filter(pk=key.pk).delete()
        end_others(request, user)


def has_other_sign_in(user: User, key: Authenticator) -> bool:
    """Whether the account can be signed in to without this key: by another key, for people by a configured identity provider
    (whichever they used so far), for staff who need no passkey by their authenticator app.
    """
    if of(user).exclude(pk=key.pk).exists():
        return True
    if user.is_staff and keyholders.must_hold_passkey(user) and not settings.STAFF_CODES_COUNT_AS_KEYS:
        return False
    if user.is_staff:
        return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
    return bool(settings.MOBILE_ID_URL) or openid.is_set_up()


def _require_room(user: User) -> None:
    if of(user).count() >= MAX_KEYS:
        raise TooManyPasskeys("passkeys", _("There are ten passkeys already. Please remove one first."))


def _start_challenge(request: HttpRequest, options: dict[str, Any]) -> str:
    request.session[CHALLENGE_AT] = clock.now().timestamp()
    return json.dumps(options, default=dict)


def _read_answer(request: HttpRequest, answer: str) -> dict[str, Any]:
    """The answer as an object, if this browser has a recent challenge, which is used up in any case. Raises UnusablePasskey."""
    started_at = request.session.pop(CHALLENGE_AT, None)
    is_late = not isinstance(started_at, float) or clock.now().timestamp() - started_at >= CHALLENGE_SECONDS
    try:
        credential = json.loads(answer) if len(answer) <= MAX_ANSWER_LENGTH else None
    except (ValueError, RecursionError):
        credential = None
    if is_late or not isinstance(credential, dict):
        auth.clear_state()
        raise _unusable()
    return credential


def _unusable() -> UnusablePasskey:
    return UnusablePasskey("passkey_unusable", _("The passkey could not be used. Please try again, or take another way in."))


def _notify(user: User, kind: str, key: Authenticator) -> None:
    enqueue("notifications.account", key=f"{kind}:{key.pk}", message=kind, user_id=user.pk, about=f"passkey-{key.pk}")
