"""The gateway's language: encrypted orders in, encrypted results out, rootless XML for inquiry and refund.

Written from public descriptions of the hosted page, "raw" integration. The cipher is the protocol's own: AES-128 in
CBC mode with the key as the first vector and no authentication, so nothing here is a pattern to follow elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote_plus, urlencode, urlsplit
from xml.etree.ElementTree import ParseError

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PAID = "CAPTURED"
RESULTS = (PAID, "NOT CAPTURED", "CANCELED", "HOST TIMEOUT", "DENIED BY RISK")
LANGUAGES = {"AR": "ar", "EN": "en", "USA": "en", "ENG": "en"}
UDFS = ("udf1", "udf2", "udf3", "udf4", "udf5")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,5})\.[0-9]{3}")
_TRACKID = re.compile(r"[A-Za-z0-9]{1,40}")
_UDF_FORBIDDEN = re.compile(r"""[^\x20-\x7e]|[!#$%^&*()+\[\]\\';,{}|":<>?~`@/]""")
_TEXTS = {
    1: "Missing error URL",
    2: "Invalid error URL",
    3: "Missing response URL",
    4: "Invalid response URL",
    5: "Missing tranportal ID",
    6: "Invalid tranportal ID",
    7: "Missing transaction data",
    13: "Invalid transaction data",
    14: "Invalid tranportal ID inside the transaction data",
    15: "Invalid tranportal password",
    20: "Invalid action",
    22: "Invalid currency code",
    23: "Missing amount",
    24: "Invalid amount",
    26: "Invalid language identifier",
    27: "Invalid track ID",
    28: "Invalid user defined field 1",
    29: "Invalid user defined field 2",
    30: "Invalid user defined field 3",
    31: "Invalid user defined field 4",
    32: "Invalid user defined field 5",
    33: "Action not enabled for the terminal",
    38: "Unable to process the request",
    39: "Invalid payment ID",
    42: "Payment time limit exceeded",
    47: "Payment already decided",
    55: "Payment page opened a second time",
    114: "Duplicate record",
    115: "Missing original transaction ID",
    116: "Invalid original transaction ID",
    136: "Original transaction was not captured",
    137: "Credit amount exceeds the captured amount",
    176: "Transaction data cannot be decrypted",
    199: "Original transaction already credited",
    249: "Merchant response URL is down",
    263: "Transaction not found",
}


class ProtocolError(Exception):
    """A rule is broken; `number` is the last digits of the gateway's code."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.code = f"IPAY{100_000 + number:07d}"
        self.text = f"{self.code}-{_TEXTS[number]}."
        super().__init__(self.text)


@dataclass(frozen=True)
class Terminal:
    """What the bank knows of the merchant: the id, the password and the 16 bytes of the key."""

    id: str
    password: str
    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) != 16:
            raise ValueError("the resource key must be exactly 16 ASCII characters")


@dataclass(frozen=True)
class Order:
    """A purchase order that passed every rule. `amt` is in fils."""

    trackid: str
    amt: int
    language: str
    response_url: str
    error_url: str
    udfs: dict[str, str] = field(default_factory=dict)


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(key))


def encrypt(key: bytes, plain: str) -> str:
    """Lower-case hex of the padded text; the gateway itself sends upper case."""
    padder, encryptor = PKCS7(128).padder(), _cipher(key).encryptor()
    padded = padder.update(plain.encode("utf8")) + padder.finalize()
    return (encryptor.update(padded) + encryptor.finalize()).hex()


def decrypt(key: bytes, cipher_hex: str) -> str:
    """The plain text of hex in either case. Raises ProtocolError 13 (not such a text) or 176 (not decryptable)."""
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{32})+", cipher_hex):
        raise ProtocolError(13)
    unpadder, decryptor = PKCS7(128).unpadder(), _cipher(key).decryptor()
    padded = decryptor.update(bytes.fromhex(cipher_hex)) + decryptor.finalize()
    try:
        return (unpadder.update(padded) + unpadder.finalize()).decode("utf8")
    except ValueError:
        raise ProtocolError(176) from None


def fils(amount: str) -> int:
    """Whole fils of `15.750`. Raises ProtocolError 23 (missing) or 24 (not three decimals, not ASCII, nought)."""
    if not amount:
        raise ProtocolError(23)
    if not _AMOUNT.fullmatch(amount) or int(amount.replace(".", "")) == 0:
        raise ProtocolError(24)
    return int(amount.replace(".", ""))


def amount_text(amount: int) -> str:
    """`15.750` for 15,750 fils."""
    return f"{amount // 1000}.{amount % 1000:03d}"


def read_order_fields(plain: str) -> dict[str, str]:
    """The `name=value` pairs of an order, whose values are not URL-encoded. Raises ProtocolError 13 on repeated names."""
    fields: dict[str, str] = {}
    for pair in plain.split("&"):
        name, mark, value = pair.partition("=")
        if not mark or not name or name in fields:
            raise ProtocolError(13)
        fields[name] = value
    return fields


def url_is_allowed(url: str) -> bool:
    """https with a path and no query, at most 255 characters; plain http on this machine only."""
    if len(url) > 255 or not url.isascii() or re.search(r"[\s?#\\]", url):
        return False
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)


def check_urls(outer: dict[str, str]) -> None:
    """The two addresses beside the order. Raises ProtocolError 1 to 4; 1 and 2 leave nowhere to send the browser."""
    for name, missing, invalid in (("errorURL", 1, 2), ("responseURL", 3, 4)):
        if not outer.get(name):
            raise ProtocolError(missing)
        if not url_is_allowed(outer[name]):
            raise ProtocolError(invalid)


def read_order(terminal: Terminal, outer: dict[str, str]) -> Order:
    """The order in the query of the payment page. Raises ProtocolError for the first broken rule.

    A track id that was used before is not seen here: the book refuses it.
    """
    check_urls(outer)
    if not outer.get("tranportalId"):
        raise ProtocolError(5)
    if outer["tranportalId"] != terminal.id:
        raise ProtocolError(6)
    if not outer.get("trandata"):
        raise ProtocolError(7)
    fields = read_order_fields(decrypt(terminal.key, outer["trandata"]))
    if fields.get("id") != terminal.id:
        raise ProtocolError(14)
    if fields.get("password") != terminal.password:
        raise ProtocolError(15)
    action = fields.get("action", "")
    if action != "1":
        raise ProtocolError(33 if action == "4" else 20)
    if fields.get("langid") not in LANGUAGES:
        raise ProtocolError(26)
    if fields.get("currencycode") != "414":
        raise ProtocolError(22)
    amount = fils(fields.get("amt", ""))
    for name, mismatch in (("responseURL", 4), ("errorURL", 2)):
        if fields.get(name) != outer[name]:
            raise ProtocolError(mismatch)
    trackid = fields.get("trackid", "")
    if not _TRACKID.fullmatch(trackid):
        raise ProtocolError(27)
    udfs = {name: fields.get(name, "") for name in UDFS}
    for position, value in enumerate(udfs.values()):
        too_long = len(value) > (50 if position == 4 and value.startswith("ptlf ") else 255)
        if too_long or _UDF_FORBIDDEN.search(value):
            raise ProtocolError(28 + position)
    return Order(trackid, amount, LANGUAGES[fields["langid"]], outer["responseURL"], outer["errorURL"], udfs)


def result_text(fields: dict[str, str]) -> str:
    """The plain text of a result in the gateway's order, values URL-encoded. Missing fields are empty."""
    names = ("paymentid", "result", "auth", "avr", "ref", "tranid", "postdate", "trackid", *UDFS, "amt", "authRespCode")
    return "&".join(f"{name}={quote_plus(fields.get(name, ''))}" for name in names)


def body_of(shape: int, trandata: str, outer: dict[str, str]) -> bytes:
    """The notification's body: shape 1 is the bare hex, shape 2 a form, shape 3 a form of errors without `trandata`."""
    if shape == 1:
        return trandata.encode("ascii")
    return urlencode({"trandata": trandata, **outer} if shape == 2 else outer).encode("ascii")


class BadAcknowledgement(Exception):
    """The merchant's answer is not the one line; the transaction is reversed."""


def read_acknowledgement(status: int, body: bytes) -> str:
    """The address in `REDIRECT=<absolute URL>`, alone in the body of a 200. Raises BadAcknowledgement.

    One line end after it is borne; anything before it, a second line, white space or a relative address is not.
    """
    if status != 200:
        raise BadAcknowledgement(f"status {status}")
    match = re.fullmatch(rb"REDIRECT=([\x21-\x7e]+)(?:\r?\n)?", body)
    if not match:
        raise BadAcknowledgement("not exactly one line REDIRECT=<absolute URL>")
    url = match[1].decode("ascii")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise BadAcknowledgement("not an absolute URL") from None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
        raise BadAcknowledgement("not an absolute URL")
    return url


def read_call(body: bytes) -> dict[str, str]:
    """The elements of an inquiry or refund: a bare sequence, or inside `request`. Raises ProtocolError 13."""
    text = body.decode("utf8", errors="replace").strip()
    text = re.sub(r"\A\ufeff?<\?xml[^>]*\?>", "", text)
    try:
        root = fromstring(f"<root>{text}</root>", forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise ProtocolError(13) from None
    fields: dict[str, str] = {}
    for element in root.iter():
        if len(element) == 0 and element is not root:
            if element.tag in fields:
                raise ProtocolError(13)
            fields[element.tag] = (element.text or "").strip()
    return fields


def write_reply(fields: dict[str, str]) -> bytes:
    """A sequence of elements without a root, as the gateway answers."""
    return "".join(f"<{name}>{escape(value, quote=False)}</{name}>" for name, value in fields.items()).encode("utf8")


def error_reply(error: ProtocolError) -> bytes:
    """The answer to a call that could not be done."""
    return write_reply({"result": f"!ERROR!-{error.text}", "error_code_tag": error.code, "error_service_tag": "null"})
