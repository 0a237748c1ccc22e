"""Civil numbers at rest: encrypted, looked up by a keyed hash, shown masked."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet
from django.conf import settings

from municipality.kernel import civil_id


def _key(purpose: str) -> bytes:
    return hashlib.sha256(f"{purpose}:{settings.CIVIL_ID_KEY}".encode()).digest()


def digest(number: str) -> str:
    """Keyed hash (HMAC-SHA-256) by which a number is looked up."""
    return keyed_hash("digest", number)


def keyed_hash(purpose: str, text: str) -> str:
    """HMAC-SHA-256 of a text, under a separate key for each purpose."""
    return hmac.new(_key(purpose), text.encode(), hashlib.sha256).hexdigest()


def encrypt(number: str, purpose: str = "cipher") -> str:
    """Fernet token under the key of the purpose."""
    return Fernet(base64.urlsafe_b64encode(_key(purpose))).encrypt(number.encode()).decode()


def decrypt(cipher: str, purpose: str = "cipher") -> str:
    """The text that `encrypt` encrypted. Raises cryptography.fernet.InvalidToken."""
    return Fernet(base64.urlsafe_b64encode(_key(purpose))).decrypt(cipher.encode()).decode()


def fields(number: str) -> dict[str, str]:
    """The three fields of a user for a valid number."""
    return {"civil_id_digest": digest(number), "civil_id_cipher": encrypt(number), "civil_id_masked": civil_id.mask(number)}
