"""Passkeys (W3C Web Authentication level 2): a way in for staff, and for people whom Mobile ID made known.

A challenge serves once, for five minutes, in the browser session that asked for it. What a key signs is checked by the
libraries (fido2 through allauth); here stands who may use it, and that a copied key is noticed by its counter.
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
MOST = 10  # keys of one account
LONGEST = 20_000  # characters of an answer
NAME_LENGTH = 60
ASKED_AT = "passkey_asked_at"
# What the libraries raise at an answer that is not one.
_NONSENSE = (ValidationError, ValueError, TypeError, LookupError, AttributeError, struct.error, InvalidSignature)


class NotFresh(Refused):
    """The last sign-in is too long ago for this act."""


class Unusable(Refused):
    """The answer does not fit the question of this browser, or the key may not be used here."""


class LastWayIn(Refused):
    """Without this key nobody could come into the account again."""


class TooMany(Refused):
    """There are as many keys as one account may have."""


def of(user: User) -> QuerySet[Authenticator]:
    """The keys of an account, the oldest first."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("pk")


def require_fresh(request: HttpRequest) -> None:
    """Raises NotFresh."""
    if not is_fresh(request):
        raise NotFresh("not_fresh", _("Please sign in again first: a passkey is added within five minutes after signing in."))


def offer(request: HttpRequest, user: User) -> str:
    """What the browser needs to make a key for `user`, as JSON. Raises NotFresh and TooMany."""
    require_fresh(request)
    _room(user)
    options = auth.begin_registration(user, passwordless=True)
    return _asked(request, options)


def ask(request: HttpRequest, user: User | None = None) -> str:
    """What the browser needs to use a key, as JSON: one of `user`, or whichever the person picks."""
    return _asked(request, auth.begin_authentication(user))


def add(request: HttpRequest, user: User, *, name: str, answer: str) -> Authenticator:
    """Keep a new key and tell the person. Raises NotFresh, TooMany and Unusable."""
    require_fresh(request)
    credential = _taken(request, answer)
    try:
        auth.parse_registration_response(credential)
        data = auth.complete_registration(credential)
    except _NONSENSE as failure:
        raise _unusable() from failure
    finally:
        auth.clear_state()
    if not user.is_staff and not data.is_user_verified():
        raise Unusable("not_verified", _("This key does not check who holds it. Please use one that asks for a finger, a face or a PIN."))
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        _room(user)
        is_first = not of(user).exists()
        key = auth.WebAuthn.add(user, name, credential).instance
        key.data["counter"] = data.counter
        key.save(update_fields=["data"])
        data = {"key": key.pk, "first": is_first, "by_passkey": keyholders.used(request)}
        record("accounts.passkey_added", subject=user.key, actor=actor_of(user), data=data)
        _tell(user, "accounts.passkey_added", key)
    return key


def proven(request: HttpRequest, answer: str, user: User | None = None, *, of_staff: bool = False) -> Authenticator:
    """The key that answered this browser's question: one of `user`, or of whom the key names. Raises Unusable.

    Without `user` the key is the only proof: it must have checked who holds it, and it is one of people, or of staff where
    `of_staff` says so.
    """
    credential = _taken(request, answer)
    try:
        response = auth.parse_authentication_response(credential)
        owner = user or _holder(credential, of_staff=of_staff)
        key = auth.complete_authentication(owner, credential)
        counter = response.response.authenticator_data.counter
        is_alone_enough = response.response.authenticator_data.is_user_verified() and owner.is_staff == of_staff
    except _NONSENSE as failure:
        raise _unusable() from failure
    finally:
        auth.clear_state()
    if user is None and not is_alone_enough:
        raise _unusable()
    _count(key, counter)
    return key


def _holder(credential: dict[str, Any], *, of_staff: bool) -> User:
    """Whom the key names, of staff or of the people. Raises Unusable, whatever is wrong."""
    handle = websafe_decode(credential["response"]["userHandle"]).decode("ascii")
    rows = User.objects.filter(is_staff=True) if of_staff else User.objects.people().filter(civil_id_digest__isnull=False)
    found = rows.filter(public_id=handle).first()
    if found is None:
        raise _unusable()
    return found


def _count(key: Authenticator, counter: int) -> None:
    """A counter that does not grow says that the key was copied (section 6.1.1). Keys without one stay at nought."""
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
    if is_copy:  # outside, so that the record stays
        raise _unusable()


def rename(user: User, key: Authenticator, name: str) -> None:
    """Give a key another name."""
    with transaction.atomic():
        key.data["name"] = name
        key.save(update_fields=["data"])
        record("accounts.passkey_renamed", subject=user.key, actor=actor_of(user), data={"key": key.pk})


def remove(request: HttpRequest, user: User, key: Authenticator) -> None:
    """Forget a key, end every other session of the account, and tell the person. Raises LastWayIn."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if not other_ways(user, key):
            raise LastWayIn("last_way_in", _("This is the last way into the account. Please add another one before it is removed."))
        _tell(user, "accounts.passkey_removed", key)
        record("accounts.passkey_removed", subject=user.key, actor=actor_of(user), data={"key": key.pk})
        Authenticator.objects.filter(pk=key.pk).delete()
        end_others(request, user)


def other_ways(user: User, key: Authenticator) -> bool:
    """Whether the account can be entered without this key: by another one, by a provider that is set up, or by the code app of
    staff who need no passkey.

    Any provider that asserts a person's civil number leads into their account, whichever they came by so far.
    """
    if of(user).exclude(pk=key.pk).exists():
        return True
    if user.is_staff and keyholders.must_hold(user) and not settings.STAFF_CODES_COUNT_AS_KEYS:
        return False
    if user.is_staff:
        return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
    return bool(settings.MOBILE_ID_URL) or openid.is_set_up()


def _room(user: User) -> None:
    if of(user).count() >= MOST:
        raise TooMany("passkeys", _("There are ten passkeys already. Please remove one first."))


def _asked(request: HttpRequest, options: dict[str, Any]) -> str:
    request.session[ASKED_AT] = clock.now().timestamp()
    return json.dumps(options, default=dict)


def _taken(request: HttpRequest, answer: str) -> dict[str, Any]:
    """The answer as an object, if this browser asked lately. Whatever comes of it, the question is used up."""
    asked_at = request.session.pop(ASKED_AT, None)
    late = not isinstance(asked_at, float) or clock.now().timestamp() - asked_at >= CHALLENGE_SECONDS
    try:
        credential = json.loads(answer) if len(answer) <= LONGEST else None
    except (ValueError, RecursionError):
        credential = None
    if late or not isinstance(credential, dict):
        auth.clear_state()
        raise _unusable()
    return credential


def _unusable() -> Unusable:
    return Unusable("passkey_unusable", _("The passkey could not be used. Please try again, or take another way in."))


def _tell(user: User, kind: str, key: Authenticator) -> None:
    """Whoever holds the account hears of it."""
    enqueue("notifications.account", key=f"{kind}:{key.pk}", message=kind, user_id=user.pk, about=f"passkey-{key.pk}")
