"""The gateway's cipher: AES-128 in CBC mode with the key as initialisation vector, PKCS#7, hexadecimal.

Prescribed by the protocol and not authenticated: altered ciphertexts give altered texts, and decryptions of chosen ciphertexts reveal
the key. So decrypted text is never trusted, shown or stored.
"""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

_BLOCKS = re.compile(r"(?:[0-9A-Fa-f]{32})+")
MAX_HEX = 16 * 1024


class Undecipherable(Exception):
    """Invalid hex, length, padding or characters; without a reason, which would be an oracle."""


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    if len(key) != 16:
        raise ValueError("the resource key has exactly 16 characters")
    return Cipher(algorithms.AES(key), modes.CBC(key))


def encrypt(key: bytes, text: str) -> str:
    """Lower-case hex of `text`. Raises ValueError for a key that is not 16 bytes long."""
    padder, encryptor = PKCS7(128).padder(), _cipher(key).encryptor()
    padded = padder.update(text.encode("ascii")) + padder.finalize()
    return (encryptor.update(padded) + encryptor.finalize()).hex()


def decrypt(key: bytes, text: str) -> str:
    """The printable ASCII text of hex in either case. Raises Undecipherable."""
    if len(text) > MAX_HEX or not _BLOCKS.fullmatch(text):
        raise Undecipherable
    unpadder, decryptor = PKCS7(128).unpadder(), _cipher(key).decryptor()
    padded = decryptor.update(bytes.fromhex(text)) + decryptor.finalize()
    try:
        plain = (unpadder.update(padded) + unpadder.finalize()).decode("ascii")
    except ValueError:
        raise Undecipherable from None
    if not plain.isprintable():
        raise Undecipherable
    return plain
