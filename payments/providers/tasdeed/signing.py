"""Signatures of messages: HMAC-SHA-256 over the values in a fixed order (assumption)."""

from __future__ import annotations

import hashlib
import hmac


def sign(secret: str, *parts: str) -> str:
    """Lower-case hex over the parts, each on a line of its own. Raises ValueError for a part with a line break."""
    if any("\n" in part for part in parts):
        raise ValueError("a signed part holds a line break")
    return hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def agrees(secret: str, given: str, *parts: str) -> bool:
    """Whether `given` is the signature of the parts; compared in constant time."""
    try:
        return hmac.compare_digest(sign(secret, *parts).encode(), given.encode())
    except ValueError:
        return False
