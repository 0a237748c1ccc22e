"""Callbacks of gateways and browsers: stored and answered at once; none of them proves a payment.

Messages that a gateway made are stored whole; of others the head, the length and a digest, up to the caps of `rules`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import re
from contextlib import suppress
from urllib.parse import parse_qs

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F

from municipality.accounts.requests import Visitor
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import TransitionRefused
from municipality.kernel.failpoints import failpoint
from municipality.kernel.transitions import transition
from payments import links, rules
from payments.models import Attempt, BankMessageKind, CallbackBytes, Direction, GatewayMessage
from payments.providers import provider_named
from payments.services.attempts import enqueue_now, started_by_visitor
from payments.states import OPEN, UNPAID, AttemptState

log = logging.getLogger(__name__)
ME = system("payments")
MAX_BODY = 16 * 1024  # bytes; a genuine notification has below 2,000
_HEX = re.compile(r"(?:[0-9A-Fa-f]{32})+")
_TRACKID = re.compile(rf"[A-Za-z0-9]{{1,{rules.MAX_TRACKID}}}")


def trandata_in(body: bytes, query: dict[str, str]) -> str:
    """The encrypted text of a notification: a form field, a query parameter, or the body as hex; "" without one."""
    text = body.decode("ascii", errors="replace").strip()
    for candidate in (_field(text, "trandata"), query.get("trandata", ""), text):
        stripped = candidate.strip()
        if _HEX.fullmatch(stripped):
            return stripped
    return ""


def _field(text: str, name: str) -> str:
    try:
        values = parse_qs(text, keep_blank_values=True, max_num_fields=60).get(name, [])
    except ValueError:
        return ""
    return values[0] if len(values) == 1 else ""


def take_notification(*, body: bytes, query: dict[str, str], remote_addr: str) -> str:
    """Store a notification and return the absolute URL of the receipt page for the acknowledgement.

    Every malformed or foreign message gets the same URL. Raises django.db.DatabaseError when it cannot be stored; then there must be
    no acknowledgement.
    """
    content = body or _as_query(query)
    trandata = "" if len(body) > MAX_BODY else trandata_in(body, query)
    notice = provider_named("knet").read_notification(trandata) if trandata else None
    now = clock.now()
    with transaction.atomic():
        # Always queried, so that the response time does not tell whether a message deciphers.
        attempt = Attempt.objects.filter(trackid=notice.trackid if notice else "", provider="knet").first()
        if attempt is None and not notice:
            attempt = _attempt_of_error(body)  # an error without trandata: inquire, but do not return its URL
            if attempt is not None:
                _hint_error(attempt, rules.Hint.ERROR)
        is_saved = False
        if attempt is not None and notice is not None:
            if trandata.encode() not in content:  # it was in the query string
                content = _as_query(query)
            is_saved = _save_authenticated(attempt, content, notice.fingerprint, remote_addr, now)
            _acknowledge(attempt, rules.hint_of(notice.result), now)
            failpoint("notification.stored")
    failpoint("notification.committed")
    if not is_saved:
        _save_capped(BankMessageKind.NOTIFICATION, attempt, content, remote_addr, now)
    return links.absolute(links.receipt_path(attempt.token if attempt is not None and notice is not None else links.UNKNOWN))


def take_notice(*, provider: str, body: bytes, remote_addr: str) -> None:
    """Store the notice of a gateway that signs its notices; a well-formed one leads to an inquiry.

    Raises django.db.DatabaseError when it cannot be stored, NotConfigured.
    """
    text = body.decode("utf8", errors="replace")
    notice = provider_named(provider).read_notification(text) if len(body) <= MAX_BODY else None
    now = clock.now()
    with transaction.atomic():
        attempt = Attempt.objects.filter(trackid=notice.trackid, provider=provider).first() if notice else None
        is_saved = False
        if attempt is not None and notice is not None:
            is_saved = _save_authenticated(attempt, body, notice.fingerprint, remote_addr, now)
            _acknowledge(attempt, rules.hint_of(notice.result), now)
    if not is_saved:
        _save_capped(BankMessageKind.NOTIFICATION, attempt, body, remote_addr, now)


def _as_query(query: dict[str, str]) -> bytes:
    return "&".join(f"{name}={value}" for name, value in sorted(query.items())).encode("utf8", "backslashreplace")


def _save_authenticated(attempt: Attempt, content: bytes, fingerprint: str, remote_addr: str, now: dt.datetime) -> bool:
    """Store a message that the gateway made, whole and without a cap. False if it is stored already."""
    if not GatewayMessage.objects.filter(attempt=attempt, fingerprint=fingerprint).exists():
        with suppress(IntegrityError), transaction.atomic():  # the same message may come twice at once
            _insert(BankMessageKind.NOTIFICATION, attempt, content, _text(content), remote_addr, now, fingerprint)
            return True
    return False


def _save_capped(kind: str, attempt: Attempt | None, content: bytes, remote_addr: str, now: dt.datetime) -> None:
    """Store the head of an unauthenticated message, if the caps allow.

    In a transaction of its own, with a lock timeout of a second, so that a flood neither delays nor fails the answer to the bank.
    """
    head = _text(content[: rules.HEAD_BYTES])
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '1s'")
            if _count_bytes(attempt, len(head.encode()) + rules.ROW_BYTES, len(content), now):
                _insert(kind, attempt, content, head, remote_addr, now)
    except DatabaseError as error:
        log.warning("an unauthenticated message was not stored: %s", type(error).__name__)


def _text(content: bytes) -> str:
    return content.decode("utf8", errors="backslashreplace").replace("\x00", "\\x00")


def _insert(
    kind: str, attempt: Attempt | None, content: bytes, raw: str, remote_addr: str, now: dt.datetime, fingerprint: str = ""
) -> None:
    GatewayMessage.objects.create(
        direction=Direction.IN,
        kind=kind,
        attempt=attempt,
        raw=raw,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        fingerprint=fingerprint,
        at=now,
        remote_addr=remote_addr[:45],
    )


def _count_bytes(attempt: Attempt | None, size: int, received: int, now: dt.datetime) -> bool:
    """Count `size` bytes to be stored of a message of `received` bytes. False where a cap is reached, recorded the first time.

    Locks the counters until the end of the transaction.
    """
    day, hour = rules.counter_keys("nobody" if attempt is None else "named", now.astimezone(clock.KUWAIT))
    caps = {day: rules.MAX_BYTES_OF_DAY, hour: rules.MAX_BYTES_OF_HOUR}
    if attempt is not None:
        caps[attempt.key] = rules.MAX_BYTES_OF_ATTEMPT
    keys = sorted(caps)
    CallbackBytes.objects.bulk_create([CallbackBytes(key=key) for key in keys], ignore_conflicts=True)
    rows = list(CallbackBytes.objects.select_for_update().filter(key__in=keys).order_by("key"))
    full = [row for row in rows if row.kept_bytes + size > caps[row.key]]
    if not full:
        CallbackBytes.objects.filter(key__in=keys).update(kept=F("kept") + 1, kept_bytes=F("kept_bytes") + size)
        return True
    newly_full = [row for row in full if row.full_at is None]
    counters = CallbackBytes.objects.filter(pk__in=[row.pk for row in full])
    counters.update(dropped=F("dropped") + 1, dropped_bytes=F("dropped_bytes") + received)
    for row in newly_full:
        CallbackBytes.objects.filter(pk=row.pk).update(full_at=now)
        record("payment.callbacks_full", subject=f"callbacks:{row.key}", actor=ME, data={"kept": row.kept, "bytes": row.kept_bytes})
        log.error("unauthenticated callbacks are not stored any more: %s is full", row.key)
    return False


def _acknowledge(attempt: Attempt, hint: rules.Hint, now: dt.datetime) -> None:
    """Move the attempt to CONFIRMING and enqueue the first inquiry."""
    if attempt.state not in (*OPEN, *UNPAID):
        return
    if not attempt.hint:
        Attempt.objects.filter(pk=attempt.pk, hint="").update(hint=hint)
    if attempt.state == AttemptState.REDIRECTED:
        with suppress(TransitionRefused):  # a duplicate was first
            transition(attempt, "acknowledge", actor=ME, data={"hint": hint}, acknowledged_at=now)
    if attempt.state != AttemptState.CREATED:
        enqueue_now(attempt, f"ack-{hint}", delay=settings.KNET_INQUIRY_DELAY_SECONDS)


def _attempt_of_error(body: bytes) -> Attempt | None:
    return _attempt("" if len(body) > MAX_BODY else _field(body.decode("ascii", errors="replace"), "trackid"))


def _attempt(trackid: str) -> Attempt | None:
    return Attempt.objects.filter(trackid=trackid).first() if _TRACKID.fullmatch(trackid) else None


def _hint_error(attempt: Attempt, hint: rules.Hint) -> None:
    if attempt.state in (AttemptState.REDIRECTED, AttemptState.CONFIRMING):
        Attempt.objects.filter(pk=attempt.pk, hint="").update(hint=hint)
        enqueue_now(attempt, "error")


def note_error(*, query: dict[str, str], remote_addr: str, person: Visitor | None, session_key: str | None = None) -> Attempt | None:
    """Store the unauthenticated fields of the error page, enqueue an inquiry, and return the person's own attempt.

    Without a track id it is the person's last attempt at the bank. A visitor who is not signed in is known by `session_key`.
    """
    trackid = query.get("trackid", "")
    attempt = _attempt(trackid)
    payer = person if person is not None and person.is_authenticated else None
    if attempt is None and not trackid and payer is not None:
        since = clock.now() - dt.timedelta(days=1)
        attempt = (
            Attempt.objects.filter(started_by=payer, state__in=[AttemptState.REDIRECTED, AttemptState.CONFIRMING], redirected_at__gte=since)
            .order_by("-pk")
            .first()
        )
    is_own = attempt is not None and ((payer is not None and attempt.started_by_id == payer.pk) or started_by_visitor(attempt, session_key))
    if attempt is not None and is_own:
        with transaction.atomic():
            _hint_error(attempt, rules.Hint.ERROR)
    _save_capped(BankMessageKind.ERROR, attempt, _as_query(query), remote_addr, clock.now())
    return attempt if is_own else None
