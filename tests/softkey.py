"""An authenticator in software: makes a key for a site and signs its questions, honestly or not."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from municipality.accounts.models import User
from municipality.kernel import clock

FLAG = AuthenticatorData.FLAG


@dataclass
class SoftKey:
    """One passkey. `verifies` says whether it checks who holds it; `counts` whether its counter moves."""

    origin: str = "https://testserver"
    verifies: bool = True
    counts: bool = True
    counter: int = 0
    handle: bytes = b""
    rp: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def create(self, options: str) -> str:
        """The answer to what `navigator.credentials.create` is given."""
        asked = json.loads(options)["publicKey"]
        self.rp, self.handle = asked["rp"]["id"], websafe_decode(asked["user"]["id"])
        public = ES256.from_cryptography_key(self.key.public_key())
        attested = AttestedCredentialData.create(b"\0" * 16, self.credential_id, public)
        data = AuthenticatorData.create(self._rp_hash(), self._flags() | FLAG.AT, self.counter, attested)
        client = self._client("webauthn.create", asked["challenge"])
        response = {"clientDataJSON": _text(client), "attestationObject": _text(AttestationObject.create("none", data, {}))}
        return self._answer(response)

    def get(self, options: str) -> str:
        """The answer to what `navigator.credentials.get` is given."""
        asked = json.loads(options)["publicKey"]
        if self.counts:
            self.counter += 1
        data = AuthenticatorData.create(self._rp_hash(), self._flags(), self.counter)
        client = self._client("webauthn.get", asked["challenge"])
        signature = self.key.sign(bytes(data) + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": _text(client),
            "authenticatorData": _text(data),
            "signature": _text(signature),
            "userHandle": _text(self.handle),
        }
        return self._answer(response)

    def _answer(self, response: dict[str, Any]) -> str:
        name = _text(self.credential_id)
        extensions: dict[str, Any] = {}
        return json.dumps({"type": "public-key", "id": name, "rawId": name, "response": response, "clientExtensionResults": extensions})

    def _rp_hash(self) -> bytes:
        return hashlib.sha256(self.rp.encode()).digest()

    def _flags(self) -> FLAG:
        return FLAG.UP | FLAG.UV if self.verifies else FLAG.UP

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()


def _text(raw: bytes) -> str:
    return websafe_encode(bytes(raw))


def kept_by(user: User, name: str) -> Authenticator:
    """A passkey of somebody's account, as one that was added."""
    asked = {"rp": {"id": "testserver"}, "user": {"id": _text(user.public_id.encode())}, "challenge": _text(b"any")}
    credential = json.loads(SoftKey().create(json.dumps({"publicKey": asked})))
    return Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": name, "credential": credential, "counter": 0}, created_at=clock.now()
    )
