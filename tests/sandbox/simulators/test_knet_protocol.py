"""The gateway's language: vectors computed with other tools, every rule of an order, the acknowledgement, XML."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.simulators.knet import protocol
from sandbox.simulators.knet.protocol import BadAcknowledgement, ProtocolError

from .conftest import KnetCounter

KEY = b"1234567890ABCDEF"
ORDER = (
    "id=999901&password=999901pg&action=1&langid=AR&currencycode=414&amt=15.750"
    "&responseURL=https://portal.example.gov.kw/pay/knet/response&errorURL=https://portal.example.gov.kw/pay/knet/error"
    "&trackid=BLD20261124000002&udf1=BILL000042&udf2=&udf3=&udf4=&udf5="
)
CAPTURED = {"paymentid": "100202632912345678", "result": "CAPTURED", "auth": "999554", "avr": "N", "ref": "632912000123"}
CAPTURED |= {"tranid": "202632987654321", "postdate": "1124", "trackid": "BLD20261124000002", "udf1": "BILL000042"}
CAPTURED |= {"amt": "15.750", "authRespCode": "00"}
DECLINED = {"paymentid": "100202632912345679", "result": "NOT CAPTURED", "auth": "000000", "avr": "N", "ref": "632912000124"}
DECLINED |= {"tranid": "202632987654322", "postdate": "1124", "trackid": "BLD20261124000003", "udf1": "BILL000043"}
DECLINED |= {"amt": "5.000", "authRespCode": "51"}
VECTORS = [
    (
        KEY,
        "amt=10.000&trackid=BLD20261124000001",
        "d9dab8e585f18b74489b3ed2a45d12f953fda49c8c9088015df78c4d866a51a388abb27fd904ae0f8500cd6d00101277",
    ),
    (
        KEY,
        ORDER,
        "90af02f74a4d40bc4434d5e42e0a02d19f3ae1d8234897247a973ac1ee5a246e3f7cc9c679efbab2e7067a605832a53719d11c7edfa55c80b310a497a1fcfe15"
        "82aad53ba43d4f194bae62fbf68e0b995dc4ecd18dfc266b34273caec268baaa6bb754f8bec69a6f55a4090aa3c78ed26566ea3f02c49d4f63cd00ea4ae753aa"
        "c84fc9d714d98146e83066513c61d4e784f7e74bca6ad83926e7b621472306effbdc21f9f1c42a9eda1b58c06f52a3618e9e30dd9cb9997e43099c0fb505eee7"
        "71d68b77775c29fd89e43fd03eb381f21d05967c0bdef9037a033af5e9543270f8a77dec184c128fbfbcd3673bc57fcce4b7877e21142f0703269bdedb61bdcc",
    ),
    (
        KEY,
        protocol.result_text(CAPTURED),
        "aeae4e5ed0396237de618908f823e03bab673e848f9781eb429b7457f96e94be5df579c7f644bc722a5a40b2c3ef829889632599c3263e64454aa17bf7cecb79"
        "2c9f37f37974aa77fe748a9399ae24606d8c49e011c1e888fa23dad9c621b21c076b2268e8850b232474b0429ca793f558ac7dfe4fd3eb8f2a38f855f245db0f"
        "7781d4cc4e97eb99720141659403e63b49580e0ca6bfe1c69ed4d10c97e908823accf7df27aa5d52c694e9e890c5a1f62eca39f69ed9938066b0f191763c51c8"
        "3c5c92546b406f929f5e56f454850507ed786453c92f3e3b0be2cff001d42897",
    ),
    (
        KEY,
        protocol.result_text(DECLINED),
        "aeae4e5ed0396237de618908f823e03b53cd9fdb753cda2cf411599c1c3fe461d7fea80a466728613f9dfc01290d793b3b6b0a74e9c6b913a93fca294175d904"
        "1d162cfbd39e260657ae36e7a14dece311791da202f6f86ff89a8749e066c05faa829b663bf051005882d102691e7565b9c1b7e4f3f9467b9ff66fb10e2d5859"
        "75e6ecadab9686445b21054ddb7848bfb4874bf66a56f62531c7c1a0a972f94b6a6f8524ad219cf1d64707c129e7fe1a65a70f32a3b8e5ab60679febf4ec7b24"
        "6bb8976115cc78682f4c72adce8d99d63e93a8e6cc1616cc49c2c2483be17751",
    ),
    (b"AbCdEfGhIjKlMnOp", "result=CANCELED&", "5d55d0cabfbb4bddcaccf70751b3c714092e9ed2170e7bb98420059a0719f8e0"),
]


@pytest.mark.parametrize(("key", "plain", "cipher"), VECTORS, ids=["short", "order", "captured", "declined", "whole-block"])
def test_the_cipher_agrees_with_the_published_vectors(key: bytes, plain: str, cipher: str) -> None:
    assert protocol.encrypt(key, plain) == cipher
    assert protocol.decrypt(key, cipher) == plain
    assert protocol.decrypt(key, cipher.upper()) == plain


@pytest.mark.parametrize("text", ["", "zz" * 16, "ab" * 15, "ab" * 17, "AB" * 16 + "\n", " " + "ab" * 16])
def test_text_that_is_no_cipher_is_refused_as_invalid(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        protocol.decrypt(KEY, text)
    assert caught.value.number == 13


def test_a_cipher_under_another_key_cannot_be_decrypted() -> None:
    with pytest.raises(ProtocolError) as caught:
        protocol.decrypt(b"FEDCBA0987654321", VECTORS[1][2])
    assert caught.value.code == "IPAY0100176"


RULES = [
    ({"id": "999902"}, 14),
    ({"id": "-"}, 14),
    ({"password": "wrong"}, 15),
    ({"action": "4"}, 33),
    ({"action": "2"}, 20),
    ({"action": "-"}, 20),
    ({"langid": "FR"}, 26),
    ({"currencycode": "840"}, 22),
    ({"currencycode": "-"}, 22),
    ({"amt": ""}, 23),
    ({"amt": "10.00"}, 24),
    ({"amt": "10"}, 24),
    ({"amt": "1,000.000"}, 24),
    ({"amt": "١٠.٠٠٠"}, 24),
    ({"amt": "0.000"}, 24),
    ({"amt": "-1.000"}, 24),
    ({"amt": "1000000.000"}, 24),
    ({"trackid": ""}, 27),
    ({"trackid": "BLD-1"}, 27),
    ({"trackid": "BLD 1"}, 27),
    ({"trackid": "بلد1"}, 27),
    ({"trackid": "A" * 41}, 27),
    ({"udf1": "a@b"}, 28),
    ({"udf2": "x/y"}, 29),
    ({"udf3": "a;b"}, 30),
    ({"udf4": "شارع"}, 31),
    ({"udf5": "ptlf " + "x" * 46}, 32),
    ({"udf1": "x" * 256}, 28),
    ({"udf1": "a\nb"}, 28),
]


@pytest.mark.parametrize(
    ("changed", "number"), RULES, ids=[f"{number}-{next(iter(changed))}-{n}" for n, (changed, number) in enumerate(RULES)]
)
def test_an_order_that_breaks_a_rule_goes_to_the_error_page_with_its_code(knet: KnetCounter, changed: dict[str, str], number: int) -> None:
    answer = knet.enter(**changed)
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    assert answer.headers["Location"].startswith(f"{knet.merchant.url}/pay/knet/error?")
    fields = parse_qs(target.query)
    assert fields["Error"] == [f"IPAY0100{number:03d}"]
    assert fields["ErrorText"][0].startswith(f"IPAY0100{number:03d}-")
    assert knet.get("/control/book").json() == {"transactions": []}


@pytest.mark.parametrize("amount", ["0.001", "0.250", "15.750", "999999.999"])
def test_every_amount_within_the_limits_is_taken(knet: KnetCounter, amount: str) -> None:
    knet.open(amt=amount)
    assert knet.statement()["amt"] == int(amount.replace(".", ""))


@pytest.mark.parametrize(
    ("outer", "number"),
    [
        ({"tranportalId": "-"}, 5),
        ({"tranportalId": "1"}, 6),
        ({"trandata": "-"}, 7),
        ({"trandata": "abc"}, 13),
        ({"responseURL": "-"}, 3),
        ({"responseURL": "http://portal.example.gov.kw/r"}, 4),
        ({"responseURL": "https://portal.example.gov.kw/other"}, 4),
        ({"responseURL": "https://portal.example.gov.kw/r?x=1"}, 4),
        ({"responseURL": "https://user@portal.example.gov.kw/r"}, 4),
    ],
)
def test_what_stands_beside_the_order_is_checked_too(knet: KnetCounter, outer: dict[str, str], number: int) -> None:
    answer = knet.enter(outer)
    assert f"Error=IPAY0100{number:03d}&" in answer.headers["Location"]


@pytest.mark.parametrize("url", ["-", "http://elsewhere.example/error", "https://a.example/e?x=1", "javascript:alert(1)", "//a.example/e"])
def test_without_a_good_error_address_the_gateway_shows_its_own_page(knet: KnetCounter, url: str) -> None:
    answer = knet.enter({"errorURL": url})
    assert answer.status_code == 400
    assert re.search("IPAY010000[12]", answer.text)


def test_an_error_address_that_differs_inside_is_refused(knet: KnetCounter) -> None:
    answer = knet.enter({"errorURL": f"{knet.merchant.url}/other"})
    assert answer.headers["Location"].startswith(f"{knet.merchant.url}/other?Error=IPAY0100002&")


def test_a_name_given_twice_is_refused_since_a_parser_might_take_either(knet: KnetCounter) -> None:
    plain = "&".join(f"{name}={value}" for name, value in knet.order().items())
    doubled = protocol.encrypt(KEY, f"{plain}&amt=1.000")
    assert "Error=IPAY0100013&" in knet.enter({"trandata": doubled}).headers["Location"]
    assert knet.enter({"trandata": protocol.encrypt(KEY, plain)}).headers["Location"].startswith("/kpg/paymentpage.htm")  # control


def test_a_track_id_serves_one_attempt_only(knet: KnetCounter) -> None:
    knet.open("ONE")
    knet.pay("ONE")
    assert "Error=IPAY0100114&" in knet.enter(trackid="ONE").headers["Location"]
    knet.open("TWO")


def test_opening_the_page_a_second_time_kills_the_attempt(knet: KnetCounter) -> None:
    paymentid = knet.open("ONE")
    assert "Error=IPAY0100055&" in knet.enter(trackid="ONE").headers["Location"]
    assert knet.statement("ONE")["dead"] is True
    decided = knet.post("/kpg/decide", data={"paymentid": paymentid, "result": "CAPTURED"})
    assert "Error=IPAY0100047&" in decided.headers["Location"]
    assert knet.merchant.heard == []


GOOD = b"REDIRECT=https://portal.example.gov.kw/pay/r/x"
BAD = {
    "empty": b"",
    "blank line before": b"\n" + GOOD,
    "space before": b" " + GOOD,
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "second line": GOOD + b"\nthanks",
    "blank line after": GOOD + b"\n\n",
    "html": b"<p>" + GOOD + b"</p>",
    "lower case": GOOD.replace(b"REDIRECT", b"redirect"),
    "space after the mark": b"REDIRECT= https://portal.example.gov.kw/pay/r/x",
    "space at the end": GOOD + b" ",
    "relative address": b"REDIRECT=/pay/r/x",
    "no host": b"REDIRECT=https:///pay/r/x",
    "plain http elsewhere": b"REDIRECT=http://portal.example.gov.kw/pay/r/x",
    "script": b"REDIRECT=javascript:alert(1)",
    "two addresses": GOOD + b" " + GOOD,
    "letters beyond ASCII": "REDIRECT=https://portal.example.gov.kw/دفع".encode(),
}


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_one_line_with_an_absolute_address_is_an_acknowledgement(end: bytes) -> None:
    assert protocol.read_acknowledgement(200, GOOD + end) == "https://portal.example.gov.kw/pay/r/x"


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_anything_but_the_one_line_is_no_acknowledgement(body: bytes) -> None:
    with pytest.raises(BadAcknowledgement):
        protocol.read_acknowledgement(200, body)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 403, 404, 429, 500, 503])
def test_the_line_under_another_status_is_no_acknowledgement(status: int) -> None:
    with pytest.raises(BadAcknowledgement):
        protocol.read_acknowledgement(status, GOOD)


def test_a_lenient_reader_would_take_most_of_the_bad_answers() -> None:
    """The red control of the two tests above: they would not notice a reader that merely searches, were their cases all nonsense."""
    lenient = [name for name, body in BAD.items() if re.search(rb"REDIRECT=\s*\S+", body)]
    assert len(lenient) >= 12


@pytest.mark.parametrize(
    "wrap", ["{}", "<request>{}</request>", "<hash><request>{}</request></hash>", '<?xml version="1.0"?><request>{}</request>']
)
def test_a_call_is_read_bare_and_wrapped(wrap: str) -> None:
    assert protocol.read_call(wrap.format("<id>1</id><amt>1.000</amt>").encode()) == {"id": "1", "amt": "1.000"}


@pytest.mark.parametrize("body", [b"<id>1", b"<id>1</id><id>2</id>", b'<!DOCTYPE r [<!ENTITY a "b">]><id>&a;</id>', b"<id>&a;</id>"])
def test_a_broken_ambiguous_or_armed_call_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        protocol.read_call(body)


def test_a_reply_has_no_root_and_escapes_its_values() -> None:
    assert protocol.write_reply({"result": "a<b&c", "amt": "1.000"}) == b"<result>a&lt;b&amp;c</result><amt>1.000</amt>"


def test_a_key_that_is_not_sixteen_characters_is_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        protocol.Terminal("1", "p", b"short")
