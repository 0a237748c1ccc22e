"""A person's civil number at rest: encrypted, found by a keyed hash, shown masked."""

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
    """Keyed hash (HMAC-SHA-256) by which a number is found; without the key it says nothing."""
    return hmac.new(_key("digest"), number.encode(), hashlib.sha256).hexdigest()


def encrypt(number: str) -> str:
    return Fernet(base64.urlsafe_b64encode(_key("cipher"))).encrypt(number.encode()).decode()


def decrypt(cipher: str) -> str:
    return Fernet(base64.urlsafe_b64encode(_key("cipher"))).decrypt(cipher.encode()).decode()


def fields(number: str) -> dict[str, str]:
    """The three columns of a user for one valid number."""
    return {"civil_id_digest": digest(number), "civil_id_cipher": encrypt(number), "civil_id_masked": civil_id.mask(number)}
