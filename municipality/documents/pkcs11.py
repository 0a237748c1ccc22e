"""Sealing with a key in a PKCS#11 token (OASIS PKCS#11 2.40).

A token may be removed and put back, and locks itself after wrong PINs. So each failure closes the session, the next call opens a new
one, and a PIN that was refused is not sent again by any process (`SealToken`).
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

SAVE_INTERVAL = dt.timedelta(seconds=60)
# The functions of a module are called by one thread at a time.
_module_lock = threading.RLock()
_process = 0  # id of the process that initialised the module
_needs_initialising = False  # after a failure


class TokenSigner:
    """Seals with the key that the settings SIGNER_PKCS11_… name. Raises SignerMissing while token, key or PIN is missing."""

    name = "pkcs11"

    def __init__(self) -> None:
        self._key: Any = None
        self._session: Any = None
        self.check()

    @property
    def certificate_subject(self) -> str:
        with _module_lock, _saving_state():
            return subject_of(self._open().signing_cert)

    def sign(self, pdf: bytes, *, reason: str, at: dt.datetime) -> bytes:
        """See Signer. Opens a broken session again once. Raises SignerMissing and ValueError."""
        from pkcs11 import PKCS11Error

        with _module_lock, _saving_state():
            was_open = self._key is not None
            try:
                return seal(self._open(), pdf, reason=reason, at=at)
            except PKCS11Error as failure:
                self._close()
                if not was_open:
                    raise _Missing(SealState.AWAY, _error_text(failure)) from failure
            try:
                return seal(self._open(), pdf, reason=reason, at=at)
            except PKCS11Error as failure:
                self._close()
                raise _Missing(SealState.AWAY, _error_text(failure)) from failure

    def check(self) -> None:
        """Check that the key is available, opening a session where needed, and save the state. Raises SignerMissing."""
        with _module_lock, _saving_state():
            if self._key is not None and not _is_key_available(self._session):
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
        """The token with the label of the settings. Raises SignerMissing."""
        import pkcs11

        if not Path(settings.SIGNER_PKCS11_MODULE).is_file():
            raise _Missing(SealState.AWAY, "the module's file is missing")
        try:
            tokens = list(_library().get_tokens(token_label=settings.SIGNER_PKCS11_TOKEN))
        except pkcs11.PKCS11Error as failure:
            raise _Missing(SealState.AWAY, _error_text(failure)) from failure
        if len(tokens) != 1:
            raise _Missing(SealState.AWAY, f"{len(tokens)} tokens have this label")
        return tokens[0]

    def _close(self) -> None:
        global _needs_initialising
        from pkcs11 import PKCS11Error

        session, self._session, self._key = self._session, None, None
        _needs_initialising = True
        if session is not None:
            try:
                session.close()
            except PKCS11Error:
                log.info("the session with the token was gone already")


def _library() -> Any:
    """The loaded module, initialised again in a forked process and after a failure: it lists the tokens it found at initialisation."""
    global _process, _needs_initialising
    import pkcs11

    library = pkcs11.lib(settings.SIGNER_PKCS11_MODULE)
    if _needs_initialising or _process not in (0, os.getpid()):
        try:
            library.finalize()
        except pkcs11.PKCS11Error:
            log.info("the module had nothing to finalise")
        library.initialize()
    _process, _needs_initialising = os.getpid(), False
    return library


def _log_in(token: Any) -> Any:
    """A session with the PIN of the PIN file, opened by one process at a time, never with a PIN that was refused. Raises SignerMissing."""
    import pkcs11

    try:
        pin = Path(settings.SIGNER_PKCS11_PIN_FILE).read_text(encoding="utf8").strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise _Missing(SealState.NO_PIN, "the file of the PIN cannot be read") from failure
    if not pin:
        raise _Missing(SealState.NO_PIN, "the file of the PIN is empty")
    digest = keyed_hash("seal_pin", f"{_token_key()}:{pin}")
    session, refused = None, None
    with transaction.atomic():
        try:
            row = _locked_row()
        except OperationalError as busy:  # another process holds the lock while it waits for the token
            raise SignerMissing("another process is opening the token") from busy
        if row.pin_refused_at is not None and row.pin_digest == digest:
            raise SignerMissing(f"{row.state}: the token refused the PIN on file, which is not sent again")
        try:
            session, refused = _open_session(pin, token, was_accepted=row.pin_digest == digest)
        except pkcs11.PKCS11Error as failure:
            raise _Missing(SealState.AWAY, _error_text(failure)) from failure
        SealToken.objects.filter(pk=row.pk).update(pin_digest=digest, pin_refused_at=clock.now() if refused else None)
        if refused:
            _set_state(row, *refused)
    if refused:  # raised outside the transaction, which must be committed
        raise SignerMissing(f"{refused[0].value}: {refused[1]}")
    return session


def _open_session(pin: str, token: Any, *, was_accepted: bool) -> tuple[Any, tuple[SealState, str] | None]:
    """The session, or the state and reason of a failure. The last try before the token locks itself is left to a person."""
    import pkcs11

    if token.flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
        return None, (SealState.PIN_LOCKED, "the token says that its PIN is locked")
    if token.flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY and not was_accepted:
        return None, (SealState.PIN_LOCKED, "one try is left, which a person must use")
    try:
        return token.open(user_pin=pin), None
    except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid) as failure:
        return None, (SealState.PIN_REFUSED, _error_text(failure))
    except (pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized) as failure:
        return None, (SealState.PIN_LOCKED, _error_text(failure))


def _is_key_available(session: Any) -> bool:
    """Whether the session still finds the key."""
    import pkcs11

    template = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.Attribute.LABEL: settings.SIGNER_PKCS11_KEY}
    try:
        return len(list(session.get_objects(template))) == 1
    except pkcs11.PKCS11Error:
        return False


def _signer_of(session: Any, token: Any) -> Any:
    """pyHanko's signer for a session, with key and certificates loaded."""
    import pkcs11
    from pyhanko.sign.pkcs11 import PKCS11Signer

    label = settings.SIGNER_PKCS11_KEY
    try:
        signer = PKCS11Signer(session, key_label=label, other_certs_to_pull=None)
        own = signer.signing_cert
        chain = [certificate for certificate in signer.cert_registry if certificate.dump() != own.dump()]
        key = PKCS11Signer(session, key_label=label, ca_chain=chain)  # with its own certificate once, not twice
        if key.signing_cert.public_key.algorithm == "ec":  # some tokens sign finished hashes only
            key.use_raw_mechanism = pkcs11.Mechanism.ECDSA_SHA256 not in token.slot.get_mechanisms()
    except pkcs11.PKCS11Error as failure:
        raise _Missing(SealState.NO_KEY, _error_text(failure)) from failure
    prepare(key)
    return key


def _error_text(failure: Exception) -> str:
    return f"{type(failure).__name__} {failure}".strip()


class _Missing(SignerMissing):
    """A failure whose state `_saving_state` saves."""

    def __init__(self, state: SealState, detail: str) -> None:
        super().__init__(f"{state.value}: {detail}")
        self.state, self.detail = state, detail


@contextmanager
def _saving_state() -> Iterator[None]:
    """Save the state of the token after the block, outside its transactions."""
    try:
        yield
    except _Missing as missing:
        _save_state(missing.state, missing.detail)
        raise
    _save_state(SealState.READY)


def _token_key() -> str:
    names = (settings.SIGNER_PKCS11_MODULE, settings.SIGNER_PKCS11_TOKEN, settings.SIGNER_PKCS11_KEY)
    return keyed_hash("seal_token", "\n".join(names))


def current_token() -> SealToken | None:
    """The last known state of the configured token; None before the first check."""
    return SealToken.objects.filter(pk=_token_key()).first()


def _locked_row() -> SealToken:
    """The token's row, created if needed and locked, in the caller's transaction."""
    now = clock.now()
    fresh = SealToken(
        key=_token_key(), token=settings.SIGNER_PKCS11_TOKEN[:64], key_label=settings.SIGNER_PKCS11_KEY[:64], since=now, seen_at=now
    )
    SealToken.objects.bulk_create([fresh], ignore_conflicts=True)
    return SealToken.objects.select_for_update().get(pk=fresh.pk)


def _save_state(state: SealState, detail: str = "") -> None:
    """Save the state: at each change, and once a minute while nothing changes."""
    saved = current_token()
    if saved is not None and (saved.state, saved.detail) == (state, detail[:200]) and clock.now() - saved.seen_at < SAVE_INTERVAL:
        return
    with transaction.atomic():
        _set_state(_locked_row(), state, detail)


def _set_state(row: SealToken, state: SealState, detail: str = "") -> None:
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
    """Allow the PIN of the PIN file to be sent again, after a person unlocked the token or set its PIN."""
    with transaction.atomic():
        row = _locked_row()
        SealToken.objects.filter(pk=row.pk).update(pin_digest="", pin_refused_at=None)
        _set_state(row, SealState.AWAY, "to be tried again")
