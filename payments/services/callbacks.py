"""What the gateway and browsers bring to us. Answered at once, believed never.

What the gateway itself made is stored as it came; of anything else a head, the length and a digest, up to the caps of `rules`.
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
from payments.models import Attempt, CallbackBytes, Direction, GatewayMessage, MessageKind
from payments.providers import provider_named
from payments.services.attempts import enqueue_now
from payments.states import OPEN, UNPAID, AttemptState

log = logging.getLogger(__name__)
ME = system("payments")
MAX_BODY = 16 * 1024  # bytes; a genuine notification has below 2,000
_HEX = re.compile(r"(?:[0-9A-Fa-f]{32})+")
_TRACKID = re.compile(rf"[A-Za-z0-9]{{1,{rules.MAX_TRACKID}}}")


def trandata_in(body: bytes, query: dict[str, str]) -> str:
    """The encrypted text of a notification: a form field, the query, or the whole body as bare hex. Empty where there is none."""
    text = body.decode("ascii", errors="replace").strip()
    for candidate in (_field(text, "trandata"), query.get("trandata", ""), text):
        stripped = candidate.strip()
        if _HEX.fullmatch(stripped):
            return stripped
    return ""


def _field(text: str, name: str) -> str:
    try:
        found = parse_qs(text, keep_blank_values=True, max_num_fields=60).get(name, [])
    except ValueError:
        return ""
    return found[0] if len(found) == 1 else ""


def take_notification(*, body: bytes, query: dict[str, str], remote_addr: str) -> str:
    """Store a notification and return the absolute address of the receipt page for the one acknowledgement line.

    Everything that is not a well-formed message about an attempt of ours, whatever is wrong with it, gets one and the same
    address. Raises django.db.DatabaseError when it cannot be stored; then there must be no acknowledgement.
    """
    content = body or _as_query(query)
    trandata = "" if len(body) > MAX_BODY else trandata_in(body, query)
    notice = provider_named("knet").read_notification(trandata) if trandata else None
    now = clock.now()
    with transaction.atomic():
        # Looked for in any case: a message that deciphers must not be answered later than one that does not.
        attempt = Attempt.objects.filter(trackid=notice.trackid if notice else "", provider="knet").first()
        if attempt is None and not notice:
            attempt = _named_in_clear(body)  # an error without trandata: worth an inquiry, never an address
            if attempt is not None:
                _suspect(attempt, rules.Hint.ERROR)
        is_whole = False
        if attempt is not None and notice is not None:
            if trandata.encode() not in content:  # in the query, behind a body that says nothing
                content = _as_query(query)
            is_whole = _keep_once(attempt, content, notice.fingerprint, remote_addr, now)
            _acknowledge(attempt, rules.hint_of(notice.result), now)
            failpoint("notification.stored")
    failpoint("notification.committed")
    if not is_whole:
        _keep(MessageKind.NOTIFICATION, attempt, content, remote_addr, now)
    return links.absolute(links.receipt_path(attempt.token if attempt is not None and notice is not None else links.UNKNOWN))


def take_notice(*, provider: str, body: bytes, remote_addr: str) -> None:
    """Store the notice of a gateway that signs its notices and waits for no address; what is well formed makes us ask.

    Raises django.db.DatabaseError when it cannot be stored, NotConfigured.
    """
    text = body.decode("utf8", errors="replace")
    notice = provider_named(provider).read_notification(text) if len(body) <= MAX_BODY else None
    now = clock.now()
    with transaction.atomic():
        attempt = Attempt.objects.filter(trackid=notice.trackid, provider=provider).first() if notice else None
        is_whole = False
        if attempt is not None and notice is not None:
            is_whole = _keep_once(attempt, body, notice.fingerprint, remote_addr, now)
            _acknowledge(attempt, rules.hint_of(notice.result), now)
    if not is_whole:
        _keep(MessageKind.NOTIFICATION, attempt, body, remote_addr, now)


def _as_query(query: dict[str, str]) -> bytes:
    return "&".join(f"{name}={value}" for name, value in sorted(query.items())).encode("utf8", "backslashreplace")


def _keep_once(attempt: Attempt, content: bytes, fingerprint: str, remote_addr: str, now: dt.datetime) -> bool:
    """Keep a message that the gateway itself made, whole and under no cap. False where it is kept already: anybody may send it again."""
    if not GatewayMessage.objects.filter(attempt=attempt, fingerprint=fingerprint).exists():
        with suppress(IntegrityError), transaction.atomic():  # the same message may come twice at this very moment
            _insert(MessageKind.NOTIFICATION, attempt, content, _text(content), remote_addr, now, fingerprint)
            return True
    return False


def _keep(kind: str, attempt: Attempt | None, content: bytes, remote_addr: str, now: dt.datetime) -> None:
    """Keep the head of a message that anybody can have sent, as far as the caps allow.

    In a transaction of its own after what follows from the message, and waiting for the counters no longer than a second: the answer
    to the bank waits for no flood and fails with none.
    """
    head = _text(content[: rules.KEPT_HEAD])
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '1s'")
            if _count(attempt, len(head.encode()) + rules.KEPT_ROW, len(content), now):
                _insert(kind, attempt, content, head, remote_addr, now)
    except DatabaseError as error:
        log.warning("a message that nobody vouches for was not kept: %s", type(error).__name__)


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


def _count(attempt: Attempt | None, size: int, came: int, now: dt.datetime) -> bool:
    """Count `size` bytes to be kept of a message of `came` bytes. False where a cap is reached: the first time staff are told.

    The counters' rows stay locked until the transaction ends, so that messages that come at once are counted one by one.
    """
    day, hour = rules.spans_of("nobody" if attempt is None else "named", now.astimezone(clock.KUWAIT))
    caps = {day: rules.KEPT_OF_DAY, hour: rules.KEPT_OF_HOUR}
    if attempt is not None:
        caps[attempt.key] = rules.KEPT_OF_ATTEMPT
    keys = sorted(caps)
    CallbackBytes.objects.bulk_create([CallbackBytes(key=key) for key in keys], ignore_conflicts=True)
    rows = list(CallbackBytes.objects.select_for_update().filter(key__in=keys).order_by("key"))
    full = [row for row in rows if row.kept_bytes + size > caps[row.key]]
    if not full:
        CallbackBytes.objects.filter(key__in=keys).update(kept=F("kept") + 1, kept_bytes=F("kept_bytes") + size)
        return True
    told = [row for row in full if row.full_at is None]
    counted = CallbackBytes.objects.filter(pk__in=[row.pk for row in full])
    counted.update(dropped=F("dropped") + 1, dropped_bytes=F("dropped_bytes") + came)
    for row in told:
        CallbackBytes.objects.filter(pk=row.pk).update(full_at=now)
        record("payment.callbacks_full", subject=f"callbacks:{row.key}", actor=ME, data={"kept": row.kept, "bytes": row.kept_bytes})
        log.error("what strangers send to the bank's address is not kept any more: %s is full", row.key)
    return False


def _acknowledge(attempt: Attempt, hint: rules.Hint, now: dt.datetime) -> None:
    """The attempt is being checked from now on; the first inquiry follows the acknowledgement."""
    if attempt.state not in (*OPEN, *UNPAID):
        return
    if not attempt.hint:
        Attempt.objects.filter(pk=attempt.pk, hint="").update(hint=hint)
    if attempt.state == AttemptState.REDIRECTED:
        with suppress(TransitionRefused):  # a duplicate of this very moment was first
            transition(attempt, "acknowledge", actor=ME, data={"hint": hint}, acknowledged_at=now)
    if attempt.state != AttemptState.CREATED:
        enqueue_now(attempt, f"ack-{hint}", delay=settings.KNET_INQUIRY_DELAY_SECONDS)


def _named_in_clear(body: bytes) -> Attempt | None:
    return _attempt("" if len(body) > MAX_BODY else _field(body.decode("ascii", errors="replace"), "trackid"))


def _attempt(trackid: str) -> Attempt | None:
    return Attempt.objects.filter(trackid=trackid).first() if _TRACKID.fullmatch(trackid) else None


def _suspect(attempt: Attempt, hint: rules.Hint) -> None:
    if attempt.state in (AttemptState.REDIRECTED, AttemptState.CONFIRMING):
        Attempt.objects.filter(pk=attempt.pk, hint="").update(hint=hint)
        enqueue_now(attempt, "error")


def note_error(*, query: dict[str, str], remote_addr: str, person: Visitor | None) -> Attempt | None:
    """A browser came from the bank to the error page: store the plain fields, ask the bank, return the person's own attempt.

    The fields are unauthenticated. Without a track id the attempt is the last one that this person took to the bank.
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
    is_own = attempt is not None and payer is not None and attempt.started_by_id == payer.pk
    if attempt is not None and is_own:
        with transaction.atomic():
            _suspect(attempt, rules.Hint.ERROR)
    _keep(MessageKind.ERROR, attempt, _as_query(query), remote_addr, clock.now())
    return attempt if is_own else None
