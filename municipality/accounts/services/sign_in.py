"""Sign-in through Mobile ID: start a request, poll its answer, sign in once the browser that started it."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids, limits
from municipality.accounts.known_devices import Device
from municipality.accounts.mobile_id.port import Channel, Person, ProviderAway, RequestRefused, Result, provider
from municipality.accounts.mobile_id.provider import PROVIDER_ID
from municipality.accounts.models import SignInRequest, SignInStatus, User, actor_of
from municipality.audit.services import record
from municipality.jobs.in_process import run_after_commit
from municipality.jobs.services import enqueue
from municipality.kernel import civil_id, clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused, TooMany

log = logging.getLogger(__name__)

SYSTEM = system("accounts")
SIGN_IN_LIFETIME = dt.timedelta(minutes=5)
POLL_PAUSE = dt.timedelta(seconds=1)
PUSH: Channel = "push"
SEND_PUSH = "accounts.send_push"  # the job
SEND_TIMEOUT = dt.timedelta(seconds=15)
POLL_BATCH = 100
TOO_MANY_REQUESTS = _("Too many sign-in requests came from this connection. Please try again in ten minutes.")


class UnusableAnswer(Refused):
    """The request cannot open a session: it is late, used, declined, or was answered by another person."""


@dataclass(frozen=True)
class PendingSignIn:
    """A stored request and the nonce that proves the browser which started it."""

    row: SignInRequest
    nonce: str


def begin(*, number: str | None, channel: Channel, address: str, device: Device | None = None, next_path: str = "") -> PendingSignIn:
    """Start a request of Mobile ID. `number` is a valid civil number, required for a push and ignored for a QR code.

    Raises TooMany and ProviderAway. A number that the provider refuses must look like a phone that does not answer. So no page waits
    for what the provider says about a number: the push is sent by a job (`send_push`), a worker polls its answer (`poll_pushes`), a
    refused request keeps the id made here, and a push expires when the portal says so.
    """
    if channel == PUSH and not number:
        raise ValueError("a push needs a civil number")
    if not limits.count_sign_in(address=address, device=device):
        raise TooMany("sign_ins_from_address", TOO_MANY_REQUESTS)
    digest = civil_ids.digest(number) if number and channel == PUSH else ""
    if digest and not limits.PUSHES.take(digest):
        raise TooMany(
            "pushes",
            _("Three requests were sent to this phone within ten minutes. Please wait ten minutes, or sign in with the QR code."),
        )
    match, now, nonce = f"{secrets.randbelow(90) + 10}", clock.now(), secrets.token_urlsafe(32)
    common = {"browser_hash": _hash(nonce), "channel": channel, "number_match": match, "next_path": next_path, "created_at": now}
    if channel == "qr":
        started = provider().start(None, channel, number_match=match, callback_url=_callback_url())
        expires_at = min(started.expires_at, now + SIGN_IN_LIFETIME)
        row = SignInRequest.objects.create(request_id=started.request_id, qr=started.qr, expires_at=expires_at, **common)
        return PendingSignIn(row, nonce)
    if not settings.MOBILE_ID_URL:
        raise ProviderAway("MOBILE_ID_URL is not set")
    with transaction.atomic():
        row = SignInRequest.objects.create(
            request_id=secrets.token_hex(16),
            civil_id_digest=digest,
            civil_id_cipher=civil_ids.encrypt(number or "", PUSH),
            expires_at=now + min(dt.timedelta(seconds=settings.MOBILE_ID_PUSH_SECONDS), SIGN_IN_LIFETIME),
            **common,
        )
        run_after_commit(enqueue(SEND_PUSH, key=str(row.pk), request=row.pk))
    return PendingSignIn(row, nonce)


def _callback_url() -> str:
    return str(settings.PORTAL_URL).rstrip("/") + str(settings.MOBILE_ID_CALLBACK_PATH)


def send_push(row_id: int) -> None:
    """Send the push of a request. Raises ProviderAway: the job is tried again while the request is open.

    The number is erased once the provider has answered or the request has ended. If the process dies between the provider's answer
    and the update of the row, the phone asks twice, and the second request counts.
    """
    row = SignInRequest.objects.filter(pk=row_id, status=SignInStatus.PENDING).exclude(civil_id_cipher="").first()
    if row is None:
        return
    if clock.now() >= row.expires_at:
        SignInRequest.objects.filter(pk=row_id).update(civil_id_cipher="")
        return
    number, changes = civil_ids.decrypt(row.civil_id_cipher, PUSH), {}
    try:
        started = provider().start(number, PUSH, number_match=row.number_match, callback_url=_callback_url())
        changes["request_id"] = started.request_id
    except RequestRefused:
        pass
    except ProviderAway:
        SignInRequest.objects.filter(pk=row_id).update(away_at=clock.now())
        raise
    SignInRequest.objects.filter(pk=row_id).update(civil_id_cipher="", away_at=None, **changes)


def poll_pushes() -> None:
    """Poll pushes whose callback has not come. While the provider is away, `away_at` tells the waiting pages."""
    now = clock.now()
    pending = SignInRequest.objects.filter(channel=PUSH, status=SignInStatus.PENDING, civil_id_cipher="", expires_at__gt=now)
    for row in pending.order_by(F("polled_at").asc(nulls_first=True), "pk")[:POLL_BATCH]:
        SignInRequest.objects.filter(pk=row.pk).update(polled_at=now)
        try:
            _poll(row)
        except ProviderAway:
            pending.update(away_at=now)
            return
    pending.exclude(away_at=None).update(away_at=None)


def request_of_browser(row_id: object, nonce: object) -> SignInRequest | None:
    """The request that this browser's session started, or None."""
    if not isinstance(row_id, int) or not isinstance(nonce, str):
        return None
    row = SignInRequest.objects.filter(pk=row_id).first()
    return row if row is not None and hmac.compare_digest(row.browser_hash, _hash(nonce)) else None


def refresh(row: SignInRequest) -> SignInRequest:
    """Poll the provider if it may have news, and return the updated row. Raises ProviderAway without a change.

    A QR code is polled at most once a second, or after a callback. A push is polled here after a callback only, else by `poll_pushes`.
    """
    if row.status != SignInStatus.PENDING:
        return row
    now = clock.now()
    if now >= row.expires_at:
        return _settle(row, SignInStatus.EXPIRED)
    due = Q(hinted_at__gt=F("polled_at")) | Q(hinted_at__isnull=False, polled_at__isnull=True)
    if row.channel != PUSH:
        due |= Q(polled_at__isnull=True) | Q(polled_at__lt=now - POLL_PAUSE)
    if not SignInRequest.objects.filter(due, pk=row.pk, status=SignInStatus.PENDING).update(polled_at=now):
        row.refresh_from_db()
        return row
    return _poll(row)


def _poll(row: SignInRequest) -> SignInRequest:
    """Set the status of the row to the provider's. Raises ProviderAway."""
    result = provider().result(row.request_id)
    if result.status == "pending" or (result.status == "expired" and row.channel == PUSH):
        return row  # a push expires at our own time, which must not tell whether the provider knows the person
    if result.status != "approved":
        return _settle(row, SignInStatus(result.status))
    return _settle(row, SignInStatus.APPROVED if _number_of(row, result) else SignInStatus.FAILED)


def is_in_trouble(row: SignInRequest) -> bool:
    """Whether the provider failed to answer about the request, or the push was not sent within SEND_TIMEOUT."""
    return row.away_at is not None or (bool(row.civil_id_cipher) and clock.now() - row.created_at > SEND_TIMEOUT)


def _settle(row: SignInRequest, status: SignInStatus) -> SignInRequest:
    SignInRequest.objects.filter(pk=row.pk, status=SignInStatus.PENDING).update(status=status)
    row.refresh_from_db()
    return row


def _number_of(row: SignInRequest, result: Result) -> str | None:
    """The civil number of an approval, if it is of an accepted assurance and of the person who was asked; else None."""
    if result.person is None or result.assurance not in settings.MOBILE_ID_ASSURANCES:
        return None
    try:
        number = civil_id.parse(result.person.civil_id)
    except civil_id.InvalidCivilId:
        return None
    if row.civil_id_digest and not hmac.compare_digest(row.civil_id_digest, civil_ids.digest(number)):
        log.error("Mobile ID answered request %s for another person", row.pk)
        return None
    return number


def finish(row: SignInRequest) -> tuple[User, Result]:
    """Use an approved request, once. Returns the user to sign in and the provider's result. Raises UnusableAnswer and ProviderAway."""
    if row.status != SignInStatus.APPROVED or row.used_at is not None or clock.now() >= row.expires_at:
        raise UnusableAnswer("request_unusable", _("This sign-in request can no longer be used. Please start again."))
    result = provider().result(row.request_id)
    number = _number_of(row, result) if result.status == "approved" else None
    if number is None or result.person is None:
        SignInRequest.objects.filter(pk=row.pk, used_at__isnull=True).update(status=SignInStatus.FAILED)
        raise UnusableAnswer("answer_does_not_fit", _("The answer from Mobile ID does not fit this request. Please start again."))
    with transaction.atomic():
        updated = SignInRequest.objects.filter(
            pk=row.pk, status=SignInStatus.APPROVED, used_at__isnull=True, expires_at__gt=clock.now()
        ).update(used_at=clock.now())
        if updated != 1:
            raise UnusableAnswer("request_unusable", _("This sign-in request can no longer be used. Please start again."))
        person = get_or_create_user(number, result.person)
        SignInRequest.objects.filter(pk=row.pk).update(person=person, assurance=result.assurance)
        if person.is_active:  # else no session is opened
            data = {"channel": row.channel, "assurance": result.assurance}
            record("accounts.signed_in", subject=person.key, actor=actor_of(person), data=data)
    return person, result


def get_or_create_user(number: str, person: Person, *, provider_id: str = PROVIDER_ID) -> User:
    """The user of a civil number, created at the first sign-in; later sign-ins update the names.

    A name that the provider does not state stays as it is stored; a new user gets the one of the other language in its place.
    The number alone identifies the account, whichever provider asserts it.
    """
    digest = civil_ids.digest(number)
    user = User.objects.filter(civil_id_digest=digest).first()
    if user is None:
        try:
            with transaction.atomic():
                language = "en" if (get_language() or "ar").startswith("en") else "ar"
                user = User.objects.create_user(
                    name_ar=person.name_ar or person.name_en,
                    name_en=person.name_en or person.name_ar,
                    language=language,
                    **civil_ids.fields(number),
                )
        except IntegrityError:  # the same person signed in on two devices at once
            user = User.objects.get(civil_id_digest=digest)
    name_ar, name_en = person.name_ar or user.name_ar, person.name_en or user.name_en
    if (user.name_ar, user.name_en) != (name_ar, name_en):
        User.objects.filter(pk=user.pk).update(name_ar=name_ar, name_en=name_en)
        user.refresh_from_db()
    SocialAccount.objects.get_or_create(provider=provider_id, uid=digest, defaults={"user": user})
    return user


def note_hint(request_id: str) -> bool:
    """Note that a callback came for a pending request; True if there is one. The answer itself is always polled."""
    now = clock.now()
    pending = SignInRequest.objects.filter(request_id=request_id, status=SignInStatus.PENDING, expires_at__gt=now)
    return pending.update(hinted_at=now) == 1


def is_replay(request_id: str) -> bool:
    """Whether a callback came for a request that is answered and had its callback before. The first replay of a request is recorded.

    The first callback of a request is none, even if polling was quicker.
    """
    now = clock.now()
    with transaction.atomic():
        answered = SignInRequest.objects.filter(request_id=request_id).exclude(status=SignInStatus.PENDING)
        if answered.filter(hinted_at__isnull=True).update(hinted_at=now):
            return False
        if answered.filter(replayed_at__isnull=True).update(replayed_at=now):
            row = answered.get()
            data = {"channel": row.channel, "status": row.status, "used": row.used_at is not None}
            record("accounts.callback_replayed", subject=f"sign_in:{row.pk}", actor=SYSTEM, data=data)
            return True
        return answered.exists()


def forget(older_than: dt.timedelta = dt.timedelta(days=30)) -> int:
    """Delete requests that expired that long ago; until then a replayed callback is recognised. The audit log keeps who signed in.

    Returns how many.
    """
    return SignInRequest.objects.filter(expires_at__lt=clock.now() - older_than).delete()[0]


def _hash(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()
