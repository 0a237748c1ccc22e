"""Formats of messages: the order in the URL, the result in the notification, the XML without a root of an inquiry."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from municipality.kernel import money
from payments.providers.knet.codec import Undecipherable
from payments.providers.port import Notice, Order
from payments.rules import MAX_TRACKID, InquiryAnswer

CURRENCY = "414"  # ISO 4217, Kuwaiti dinar
PURCHASE, CREDIT, INQUIRY = "1", "2", "8"
MASK = "********"
MAX_XML = 64 * 1024
_TRACKID = re.compile(rf"[A-Za-z0-9]{{1,{MAX_TRACKID}}}")
_UDF = re.compile(r"[A-Za-z0-9 ]{0,255}")
_ID = re.compile(r"[A-Za-z0-9]{1,40}")
# A result with a field of a request was made from one of our own ciphertexts.
_REQUEST_FIELDS = frozenset({"id", "password", "action", "langid", "currencycode", "responseurl", "errorurl", "tranportalid"})


class Malformed(Exception):
    """The bank's XML cannot be read."""


def udf(text: str) -> str:
    """A free field reduced to letters and digits, against injected fields. Raises ValueError if too long."""
    cleaned = re.sub(r"[^A-Za-z0-9 ]", "", text)
    if not _UDF.fullmatch(cleaned):
        raise ValueError("too long for a free field")
    return cleaned


def order_fields(order: Order, *, tranportal_id: str, password: str, langid: str, response_url: str, error_url: str) -> dict[str, str]:
    """The order's fields in the gateway's order. Raises ValueError for a track id or amount it would refuse."""
    if not _TRACKID.fullmatch(order.trackid):
        raise ValueError("not a track id")
    if not 0 < order.fils <= money.MAX_FILS:
        raise ValueError("not an amount that can be paid")
    return {
        "id": tranportal_id,
        "password": password,
        "action": PURCHASE,
        "langid": langid,
        "currencycode": CURRENCY,
        "amt": money.to_text(order.fils),
        "responseURL": response_url,
        "errorURL": error_url,
        "trackid": order.trackid,
        "udf1": udf(order.bill_reference),
        "udf2": "",
        "udf3": "",  # eight digits here would be taken for a token of saved cards
        "udf4": "",
        "udf5": "",
    }


def order_text(fields: dict[str, str]) -> str:
    """`name=value` joined with `&`, not URL-encoded. Raises ValueError where a value would break out of its field."""
    if any(mark in value for value in fields.values() for mark in "&=\r\n") or not all(v.isascii() for v in fields.values()):
        raise ValueError("a value of the order holds a separator")
    return "&".join(f"{name}={value}" for name, value in fields.items())


def read_result(text: str) -> Notice:
    """Parse a decrypted notification. Raises Undecipherable, without a reason, for anything else.

    Names compare without case, order is free, unknown names are ignored; a name twice, a field of a request, a missing
    payment id, result or track id make it none.
    """
    try:
        pairs = parse_qsl(text.rstrip("&"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=40)
    except ValueError:
        raise Undecipherable from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name.lower() in fields:
            raise Undecipherable
        fields[name.lower()] = value
    trackid, payment_id, result = fields.get("trackid", ""), fields.get("paymentid", ""), fields.get("result", "")
    if _REQUEST_FIELDS & fields.keys() or not result or not _TRACKID.fullmatch(trackid) or not _ID.fullmatch(payment_id):
        raise Undecipherable
    return Notice(trackid, result, payment_id, _fils(fields.get("amt", "")))


def _fils(text: str) -> int | None:
    try:
        return money.from_text(text)
    except ValueError:
        return None


def call_xml(*, tranportal_id: str, password: str, trackid: str, fils: int, wrapped: bool, action: str = INQUIRY) -> str:
    """The body of an inquiry or a credit by track id; `wrapped` puts it inside one `request` element."""
    fields = {
        "id": tranportal_id,
        "password": password,
        "action": action,
        "amt": money.to_text(fils),
        "transid": trackid,
        "trackid": trackid,
        "udf5": "TrackID",
    }
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return f"<request>{inner}</request>" if wrapped else inner


def mask_password(xml: str) -> str:
    """The same XML with the password's text replaced."""
    return re.sub(r"<password>.*?</password>", f"<password>{MASK}</password>", xml, flags=re.DOTALL)


def read_xml(body: bytes) -> dict[str, str]:
    """The elements of an answer, names in lower case, the word `null` as empty. Raises Malformed."""
    if len(body) > MAX_XML:
        raise Malformed("too long")
    try:
        text = re.sub(r"\A\ufeff?\s*<\?xml[^>]*\?>", "", body.decode("utf8"))
        root = fromstring(f"<answer>{text}</answer>", forbid_dtd=True)
    except (ParseError, DefusedXmlException, UnicodeDecodeError, ValueError) as error:
        raise Malformed(type(error).__name__) from None
    fields: dict[str, str] = {}
    for element in root.iter():
        if element is root or len(element):
            continue
        name, value = str(element.tag).lower(), (element.text or "").strip()
        if name in fields:
            raise Malformed("an element twice")
        fields[name] = "" if value == "null" else value
    if not fields.get("result"):
        raise Malformed("no result")
    return fields


def read_answer(fields: dict[str, str], *, credited: str = "") -> InquiryAnswer:
    """The answer of its elements; `credited` names the element with the sum returned so far, if any."""
    return InquiryAnswer(
        result=fields.get("result", ""),
        trackid=fields.get("trackid", ""),
        payment_id=fields.get("payid", "") or fields.get("paymentid", ""),
        tran_id=fields.get("tranid", ""),
        ref=fields.get("ref", ""),
        auth=fields.get("auth", ""),
        postdate=fields.get("postdate", ""),
        auth_resp_code=fields.get("authrespcode", "") or fields.get("authresponsecode", ""),
        fils=_fils(fields.get("amt", "")),
        error_code=fields.get("error_code_tag", ""),
        credited_fils=_fils(fields[credited.lower()]) if fields.get(credited.lower()) else None,
    )
