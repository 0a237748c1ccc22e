"""What the gateway and browsers bring to us. Stored as it came, answered at once, believed never."""

from __future__ import annotations

import datetime as dt
import logging
import re
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.db import transaction

from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import TransitionRefused
from municipality.kernel.failpoints import failpoint
from municipality.kernel.transitions import transition
from payments import links, rules
from payments.models import Attempt, Direction, GatewayMessage, MessageKind
from payments.providers import provider_named
from payments.services.attempts import promise_now
from payments.states import OPEN, UNPAID, AttemptState

log = logging.getLogger(__name__)
ME = system("payments")
MAX_BODY = 16 * 1024  # bytes; a genuine notification has below 2,000
_HEX = re.compile(r"(?:[0-9A-Fa-f]{32})+")


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
    trandata = "" if len(body) > MAX_BODY else trandata_in(body, query)
    notice = provider_named("knet").read_notification(trandata) if trandata else None
    now = clock.now()
    with transaction.atomic():
        # Looked for in any case: a message that deciphers must not be answered later than one that does not.
        attempt = Attempt.objects.filter(trackid=notice.trackid if notice else "", provider="knet").first()
        if attempt is None and not notice:
            attempt = _named_in_clear(body)  # an error without trandata: worth an inquiry, never an address
            _keep(MessageKind.NOTIFICATION, attempt, body, query, remote_addr, now)
            if attempt is not None:
                _suspect(attempt, rules.Hint.ERROR)
            return links.absolute(links.receipt_path(links.UNKNOWN))
        _keep(MessageKind.NOTIFICATION, attempt, body, query, remote_addr, now)
        if attempt is None or notice is None:
            return links.absolute(links.receipt_path(links.UNKNOWN))
        _acknowledge(attempt, rules.hint_of(notice.result), now)
        failpoint("notification.stored")
    failpoint("notification.committed")
    return links.absolute(links.receipt_path(attempt.token))


def take_notice(*, provider: str, body: bytes, remote_addr: str) -> None:
    """Store the notice of a gateway that signs its notices and waits for no address; what is well formed makes us ask.

    Raises django.db.DatabaseError when it cannot be stored, NotConfigured.
    """
    text = body.decode("utf8", errors="replace")
    notice = provider_named(provider).read_notification(text) if len(body) <= MAX_BODY else None
    now = clock.now()
    with transaction.atomic():
        attempt = Attempt.objects.filter(trackid=notice.trackid, provider=provider).first() if notice else None
        _keep(MessageKind.NOTIFICATION, attempt, body, {}, remote_addr, now)
        if attempt is not None and notice is not None:
            _acknowledge(attempt, rules.hint_of(notice.result), now)


def _keep(kind: str, attempt: Attempt | None, body: bytes, query: dict[str, str], remote_addr: str, now: dt.datetime) -> None:
    if attempt is None:
        since = now - dt.timedelta(minutes=1)
        if GatewayMessage.objects.filter(attempt__isnull=True, at__gte=since).count() >= rules.KEPT_STRANGERS_PER_MINUTE:
            log.warning("a notification of nobody's payment was not kept: too many in this minute")
            return
    raw = body[:MAX_BODY].decode("utf8", errors="backslashreplace").replace("\x00", "\\x00")
    if len(body) > MAX_BODY:
        raw = f"[{len(body)} bytes or more, cut] {raw[:256]}"
    if not raw and query:
        raw = "&".join(f"{name}={value}" for name, value in sorted(query.items()))[:MAX_BODY]
    GatewayMessage.objects.create(direction=Direction.IN, kind=kind, attempt=attempt, raw=raw, at=now, remote_addr=remote_addr[:45])


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
        promise_now(attempt, f"ack-{hint}", delay=settings.KNET_INQUIRY_DELAY_SECONDS)


def _named_in_clear(body: bytes) -> Attempt | None:
    trackid = "" if len(body) > MAX_BODY else _field(body.decode("ascii", errors="replace"), "trackid")
    return Attempt.objects.filter(trackid=trackid).first() if trackid else None


def _suspect(attempt: Attempt, hint: rules.Hint) -> None:
    if attempt.state in (AttemptState.REDIRECTED, AttemptState.CONFIRMING):
        Attempt.objects.filter(pk=attempt.pk, hint="").update(hint=hint)
        promise_now(attempt, "error")


@transaction.atomic
def note_error(*, query: dict[str, str], remote_addr: str, person: Any) -> Attempt | None:
    """A browser came from the bank to the error page: store the plain fields, ask the bank, return the person's own attempt.

    The fields are unauthenticated. Without a track id the attempt is the last one that this person took to the bank.
    """
    trackid = query.get("trackid", "")
    attempt = Attempt.objects.filter(trackid=trackid).first() if trackid else None
    is_person = person is not None and person.is_authenticated
    if attempt is None and not trackid and is_person:
        since = clock.now() - dt.timedelta(days=1)
        attempt = (
            Attempt.objects.filter(
                started_by=person, state__in=[AttemptState.REDIRECTED, AttemptState.CONFIRMING], redirected_at__gte=since
            )
            .order_by("-pk")
            .first()
        )
    _keep(MessageKind.ERROR, attempt, b"", query, remote_addr, clock.now())
    if attempt is None or not is_person or attempt.started_by_id != person.pk:
        return None
    _suspect(attempt, rules.Hint.ERROR)
    return attempt
