"""Signing in through Mobile ID: ask, look for the answer, let in once the browser that asked."""

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
from municipality.kernel.errors import Refused

log = logging.getLogger(__name__)

LIFETIME = dt.timedelta(minutes=5)
POLL_PAUSE = dt.timedelta(seconds=1)
PUSH: Channel = "push"
SEND_PUSH = "accounts.send_push"  # the job
SEND_TIMEOUT = dt.timedelta(seconds=15)
POLL_BATCH = 100
TOO_MANY_FROM_HERE = _("Too many sign-in requests came from this connection. Please try again in ten minutes.")


class TooMany(Refused):
    """A limit is reached."""

    status = 429


class Unusable(Refused):
    """The request cannot open a session: late, used, declined, or answered by somebody else."""


@dataclass(frozen=True)
class PendingSignIn:
    """A stored request and the nonce that only the asking browser's session keeps."""

    row: SignInRequest
    nonce: str


def begin(*, number: str | None, channel: Channel, address: str, device: Device | None = None, next_path: str = "") -> PendingSignIn:
    """Ask Mobile ID. `number` is a valid civil number, needed for a push and ignored for a code to scan.

    Raises TooMany and ProviderAway. A number that the provider refuses looks like a phone that does not answer. So no page waits for
    what the provider says of a number: the push is a job beside the request (`send_push`), a worker asks for its answer
    (`poll_pushes`), a refused request keeps the id that we gave it, and the end of every push is ours.
    """
    if channel == PUSH and not number:
        raise ValueError("a push needs a civil number")
    if not limits.may_start(address=address, device=device):
        raise TooMany("sign_ins_from_address", TOO_MANY_FROM_HERE)
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
        ends = min(started.expires_at, now + LIFETIME)
        return PendingSignIn(SignInRequest.objects.create(request_id=started.request_id, qr=started.qr, expires_at=ends, **common), nonce)
    if not settings.MOBILE_ID_URL:
        raise ProviderAway("MOBILE_ID_URL is not set")
    with transaction.atomic():
        row = SignInRequest.objects.create(
            request_id=secrets.token_hex(16),
            civil_id_digest=digest,
            civil_id_cipher=civil_ids.encrypt(number or "", PUSH),
            expires_at=now + min(dt.timedelta(seconds=settings.MOBILE_ID_PUSH_SECONDS), LIFETIME),
            **common,
        )
        run_after_commit(enqueue(SEND_PUSH, key=str(row.pk), request=row.pk))
    return PendingSignIn(row, nonce)


def _callback_url() -> str:
    return str(settings.PORTAL_URL).rstrip("/") + str(settings.MOBILE_ID_CALLBACK_PATH)


def send_push(row_id: int) -> None:
    """Send the push of a request. Raises ProviderAway: the job tries again while the request is open.

    The number is erased once the provider has answered or the request has ended. A process that dies between the provider's answer
    and its note of it makes the phone ask twice; the request follows the second.
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
    """Ask the provider about pushes whose callback has not come, in a worker; when it is away the pages are told."""
    now = clock.now()
    open_ = SignInRequest.objects.filter(channel=PUSH, status=SignInStatus.PENDING, civil_id_cipher="", expires_at__gt=now)
    for row in open_.order_by(F("polled_at").asc(nulls_first=True), "pk")[:POLL_BATCH]:
        SignInRequest.objects.filter(pk=row.pk).update(polled_at=now)
        try:
            _poll(row)
        except ProviderAway:
            open_.update(away_at=now)
            return
    open_.exclude(away_at=None).update(away_at=None)


def asked_by(row_id: object, nonce: object) -> SignInRequest | None:
    """The request that this browser session asked, or none."""
    if not isinstance(row_id, int) or not isinstance(nonce, str):
        return None
    row = SignInRequest.objects.filter(pk=row_id).first()
    return row if row is not None and hmac.compare_digest(row.browser_hash, _hash(nonce)) else None


def look(row: SignInRequest) -> SignInRequest:
    """Bring the row up to date. Raises ProviderAway; the row stays as it is.

    A code is asked about at most once a second unless a callback hinted at news. A push is asked about here after a hint only, which
    a phone that has answered gives; until then `poll_pushes` asks.
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
    """Settle the row by what the provider says. Raises ProviderAway."""
    result = provider().result(row.request_id)
    if result.status == "pending" or (result.status == "expired" and row.channel == PUSH):
        return row  # a push ends at our own time: whom the provider knows must not be told by its end
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
    """The civil number of an approval that answers this very question, or none."""
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
    """Take an approved request once and return whom to let in. Raises Unusable and ProviderAway."""
    if row.status != SignInStatus.APPROVED or row.used_at is not None or clock.now() >= row.expires_at:
        raise Unusable("request_unusable", _("This sign-in request can no longer be used. Please start again."))
    result = provider().result(row.request_id)
    number = _number_of(row, result) if result.status == "approved" else None
    if number is None or result.person is None:
        SignInRequest.objects.filter(pk=row.pk, used_at__isnull=True).update(status=SignInStatus.FAILED)
        raise Unusable("answer_does_not_fit", _("The answer from Mobile ID does not fit this request. Please start again."))
    with transaction.atomic():
        taken = SignInRequest.objects.filter(
            pk=row.pk, status=SignInStatus.APPROVED, used_at__isnull=True, expires_at__gt=clock.now()
        ).update(used_at=clock.now())
        if taken != 1:
            raise Unusable("request_unusable", _("This sign-in request can no longer be used. Please start again."))
        person = welcome(number, result.person)
        SignInRequest.objects.filter(pk=row.pk).update(person=person, assurance=result.assurance)
        record(
            "accounts.signed_in", subject=person.key, actor=actor_of(person), data={"channel": row.channel, "assurance": result.assurance}
        )
    return person, result


def welcome(number: str, person: Person, *, provider_id: str = PROVIDER_ID) -> User:
    """The user of a civil number, made at the first sign-in; later ones take over the names as the provider has them.

    The number alone says whose account it is, whichever provider asserts it.
    """
    digest = civil_ids.digest(number)
    user = User.objects.filter(civil_id_digest=digest).first()
    if user is None:
        try:
            with transaction.atomic():
                language = "en" if (get_language() or "ar").startswith("en") else "ar"
                user = User.objects.create_user(
                    name_ar=person.name_ar, name_en=person.name_en, language=language, **civil_ids.fields(number)
                )
        except IntegrityError:  # the same person signed in on two devices at once
            user = User.objects.get(civil_id_digest=digest)
    if (user.name_ar, user.name_en) != (person.name_ar, person.name_en):
        User.objects.filter(pk=user.pk).update(name_ar=person.name_ar, name_en=person.name_en)
        user.refresh_from_db()
    SocialAccount.objects.get_or_create(provider=provider_id, uid=digest, defaults={"user": user})
    return user


def hint(request_id: str) -> bool:
    """A callback says that there is news. Only a known pending request remembers it; the answer itself is always fetched."""
    now = clock.now()
    noted = SignInRequest.objects.filter(request_id=request_id, status=SignInStatus.PENDING, expires_at__gt=now).update(hinted_at=now)
    return noted == 1


def forget(older_than: dt.timedelta = dt.timedelta(days=1)) -> int:
    """Drop requests that can open nothing any more; the record keeps who signed in. Returns how many."""
    gone, _counts = SignInRequest.objects.filter(expires_at__lt=clock.now() - older_than).delete()
    return gone


def _hash(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()


__all__ = [
    "PendingSignIn",
    "ProviderAway",
    "TooMany",
    "Unusable",
    "asked_by",
    "begin",
    "finish",
    "forget",
    "hint",
    "is_in_trouble",
    "look",
    "poll_pushes",
    "send_push",
    "welcome",
]
