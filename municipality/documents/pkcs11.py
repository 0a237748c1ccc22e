"""The seal's key inside a PKCS#11 token (OASIS PKCS#11 2.40): it never leaves it, only hashes go in and signatures come out.

A token may be pulled out, put back, or guard itself against wrong PINs. So each failure closes the session, the next call opens
it anew, and a PIN that was refused once is not sent again by any process (`SealToken`).
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction

from municipality.accounts.civil_ids import keyed_hash
from municipality.audit.services import record
from municipality.documents.models import SealState, SealToken
from municipality.documents.signing import SignerMissing, prepare, seal, subject_of
from municipality.kernel import clock
from municipality.kernel.actors import system

log = logging.getLogger(__name__)

NOTE = dt.timedelta(seconds=60)
# One module, one process: its functions are called by one thread at a time.
_module = threading.RLock()
_process = 0  # whose initialisation the module has
_stale = False  # something failed since


class TokenSigner:
    """Seals with the key that the settings SIGNER_PKCS11_… name. Raises SignerMissing while the token, key or PIN is not there."""

    name = "pkcs11"

    def __init__(self) -> None:
        self._key: Any = None
        self._session: Any = None
        self.look()

    @property
    def certificate_subject(self) -> str:
        with _module, _told():
            return subject_of(self._open().signing_cert)

    def sign(self, pdf: bytes, *, reason: str, at: dt.datetime) -> bytes:
        """See Signer. A session that broke is opened once more before the seal counts as missing. Raises SignerMissing and ValueError."""
        from pkcs11 import PKCS11Error

        with _module, _told():
            was_open = self._key is not None
            try:
                return seal(self._open(), pdf, reason=reason, at=at)
            except PKCS11Error as failure:
                self._close()
                if not was_open:
                    raise _Missing(SealState.AWAY, _said(failure)) from failure
            try:
                return seal(self._open(), pdf, reason=reason, at=at)
            except PKCS11Error as failure:
                self._close()
                raise _Missing(SealState.AWAY, _said(failure)) from failure

    def look(self) -> None:
        """Ask the token for the key, opening it where it is closed, and note what was found. Raises SignerMissing."""
        with _module, _told():
            if self._key is not None and not _is_there(self._session):
                self._close()
            self._open()

    def _open(self) -> Any:
        """pyHanko's signer over an open session. Raises SignerMissing."""
        if self._key is None:
            try:
                token = self._token()
                self._session = _log_in(token)
                self._key = _signer_of(self._session, token)
            except BaseException:
                self._close()
                raise
        return self._key

    def _token(self) -> Any:
        """The token of that label, as the module sees it now."""
        import pkcs11

        if not Path(settings.SIGNER_PKCS11_MODULE).is_file():
            raise _Missing(SealState.AWAY, "the module's file is missing")
        try:
            found = list(_library().get_tokens(token_label=settings.SIGNER_PKCS11_TOKEN))
        except pkcs11.PKCS11Error as failure:
            raise _Missing(SealState.AWAY, _said(failure)) from failure
        if len(found) != 1:
            raise _Missing(SealState.AWAY, f"{len(found)} tokens have this label")
        return found[0]

    def _close(self) -> None:
        global _stale
        from pkcs11 import PKCS11Error

        session, self._session, self._key = self._session, None, None
        _stale = True
        if session is not None:
            try:
                session.close()
            except PKCS11Error:
                log.info("the session with the token was gone already")


def _library() -> Any:
    """The loaded module. It lists the tokens that it found when it was initialised, and a forked process must initialise its own."""
    global _process, _stale
    import pkcs11

    library = pkcs11.lib(settings.SIGNER_PKCS11_MODULE)
    if _stale or _process not in (0, os.getpid()):
        try:
            library.finalize()
        except pkcs11.PKCS11Error:
            log.info("the module had nothing to finalise")
        library.initialize()
    _process, _stale = os.getpid(), False
    return library


def _log_in(token: Any) -> Any:
    """A session under the PIN on file. One process at a time, and never with a PIN that was refused. Raises SignerMissing."""
    import pkcs11

    try:
        pin = Path(settings.SIGNER_PKCS11_PIN_FILE).read_text(encoding="utf8").strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise _Missing(SealState.NO_PIN, "the file of the PIN cannot be read") from failure
    if not pin:
        raise _Missing(SealState.NO_PIN, "the file of the PIN is empty")
    digest = keyed_hash("seal_pin", f"{_key()}:{pin}")
    session, refused = None, None
    with transaction.atomic():
        try:
            row = _row()
        except OperationalError as busy:  # its lock is held for as long as the token takes to answer
            raise SignerMissing("another process is opening the token") from busy
        if row.pin_refused_at is not None and row.pin_digest == digest:
            raise SignerMissing(f"{row.state}: the token refused the PIN on file, which is not sent again")
        try:
            session, refused = _send(pin, token, was_accepted=row.pin_digest == digest)
        except pkcs11.PKCS11Error as failure:
            raise _Missing(SealState.AWAY, _said(failure)) from failure
        SealToken.objects.filter(pk=row.pk).update(pin_digest=digest, pin_refused_at=clock.now() if refused else None)
        if refused:
            _move(row, *refused)
    if refused:  # raised outside, so that what was noted stays
        raise SignerMissing(f"{refused[0].value}: {refused[1]}")
    return session


def _send(pin: str, token: Any, *, was_accepted: bool) -> tuple[Any, tuple[SealState, str] | None]:
    """The session, or the reason why the PIN does not serve. The last try before the token locks is left to a person."""
    import pkcs11

    if token.flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
        return None, (SealState.PIN_LOCKED, "the token says that its PIN is locked")
    if token.flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY and not was_accepted:
        return None, (SealState.PIN_LOCKED, "one try is left, which a person must use")
    try:
        return token.open(user_pin=pin), None
    except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid) as failure:
        return None, (SealState.PIN_REFUSED, _said(failure))
    except (pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized) as failure:
        return None, (SealState.PIN_LOCKED, _said(failure))


def _is_there(session: Any) -> bool:
    """Whether the key can still be reached through the session."""
    import pkcs11

    wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.Attribute.LABEL: settings.SIGNER_PKCS11_KEY}
    try:
        return len(list(session.get_objects(wanted))) == 1
    except pkcs11.PKCS11Error:
        return False


def _signer_of(session: Any, token: Any) -> Any:
    """pyHanko's signer over the session, its key and certificates loaded."""
    import pkcs11
    from pyhanko.sign.pkcs11 import PKCS11Signer

    label = settings.SIGNER_PKCS11_KEY
    try:
        found = PKCS11Signer(session, key_label=label, other_certs_to_pull=None)
        own = found.signing_cert
        chain = [certificate for certificate in found.cert_registry if certificate.dump() != own.dump()]
        key = PKCS11Signer(session, key_label=label, ca_chain=chain)  # with its own certificate once, not twice
        if key.signing_cert.public_key.algorithm == "ec":  # some tokens sign finished hashes only
            key.use_raw_mechanism = pkcs11.Mechanism.ECDSA_SHA256 not in token.slot.get_mechanisms()
    except pkcs11.PKCS11Error as failure:
        raise _Missing(SealState.NO_KEY, _said(failure)) from failure
    prepare(key)
    return key


def _said(failure: Exception) -> str:
    return f"{type(failure).__name__} {failure}".strip()


class _Missing(SignerMissing):
    """A reason that is still to be noted for staff."""

    def __init__(self, state: SealState, detail: str) -> None:
        super().__init__(f"{state.value}: {detail}")
        self.state, self.detail = state, detail


@contextmanager
def _told() -> Iterator[None]:
    """Note for staff what was found, after whatever transaction found it."""
    try:
        yield
    except _Missing as missing:
        _note(missing.state, missing.detail)
        raise
    _note(SealState.READY)


def _key() -> str:
    names = (settings.SIGNER_PKCS11_MODULE, settings.SIGNER_PKCS11_TOKEN, settings.SIGNER_PKCS11_KEY)
    return keyed_hash("seal_token", "\n".join(names))


def present() -> SealToken | None:
    """What is known of the token that the settings name, or nothing before the first look."""
    return SealToken.objects.filter(pk=_key()).first()


def _row() -> SealToken:
    """The token's row under its lock, in the caller's transaction."""
    now = clock.now()
    fresh = SealToken(
        key=_key(), token=settings.SIGNER_PKCS11_TOKEN[:64], key_label=settings.SIGNER_PKCS11_KEY[:64], since=now, seen_at=now
    )
    SealToken.objects.bulk_create([fresh], ignore_conflicts=True)
    return SealToken.objects.select_for_update().get(pk=fresh.pk)


def _note(state: SealState, detail: str = "") -> None:
    """Bring the row up to date: at each change, and once a minute while nothing changes."""
    known = present()
    if known is not None and (known.state, known.detail) == (state, detail[:200]) and clock.now() - known.seen_at < NOTE:
        return
    with transaction.atomic():
        _move(_row(), state, detail)


def _move(row: SealToken, state: SealState, detail: str = "") -> None:
    now = clock.now()
    changes: dict[str, Any] = {"state": state, "detail": detail[:200], "seen_at": now}
    if row.state != state:
        changes["since"] = now
        record(
            "documents.seal_token", subject=f"seal:{row.pk[:16]}", actor=system("documents"), data={"from": row.state, "to": state.value}
        )
        log.log(logging.INFO if state == SealState.READY else logging.ERROR, "the token of the seal: %s %s", state.value, detail)
    SealToken.objects.filter(pk=row.pk).update(**changes)


def try_again() -> None:
    """Let the PIN on file be sent once more: a person has unlocked the token, or has set its PIN to the one on file."""
    with transaction.atomic():
        row = _row()
        SealToken.objects.filter(pk=row.pk).update(pin_digest="", pin_refused_at=None)
        _move(row, SealState.AWAY, "to be tried again")
