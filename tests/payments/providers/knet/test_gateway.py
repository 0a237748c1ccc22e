"""The outgoing call against servers on this machine, with and without TLS."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import FrozenInstanceError
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from payments.providers.knet import Knet, client
from payments.providers.knet import settings as terminals
from payments.providers.port import GatewayUnreachable, NotConfigured, Order

ANSWER = b"<result>CAPTURED</result><trackid>TRACK1</trackid><payid>100</payid><amt>10.000</amt><password>999901pg</password>"


class Server(ThreadingHTTPServer):
    answer: tuple[int, dict[str, str], bytes] = (200, {}, ANSWER)
    seen: list[tuple[str, str, bytes]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Content-Type"], body))
        status, headers, content = self.server.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):  # the client had enough
            self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(context: ssl.SSLContext | None = None) -> Server:
        server = Server(("127.0.0.1", 0), Handler)
        server.seen = []
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            server.handle_error = lambda *args: None  # type: ignore[method-assign]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def bank(serve: Callable[..., Server], settings: Any) -> Server:
    server = serve()
    settings.KNET_TRANPIPE_URL = f"http://127.0.0.1:{server.server_port}/kpg/tranPipe.htm"
    return server


def test_an_inquiry_is_posted_as_xml_and_nothing_secret_is_kept(bank: Server) -> None:
    reply = Knet().inquire(trackid="TRACK1", fils=10_000)
    assert (reply.answer.result, reply.answer.fils, reply.answer.payment_id) == ("CAPTURED", 10_000, "100")
    path, content_type, body = bank.seen[0]
    assert path == "/kpg/tranPipe.htm?param=tranInit&" and content_type == "application/xml"
    assert b"<password>999901pg</password>" in body
    assert "999901pg" not in reply.request + reply.response + str(reply.decoded)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((500, {}, b""), "status 500"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "status 302"),
        ((200, {}, b"<html>"), "malformed"),
        ((200, {}, b"<result>CAPTURED</result>" + b" " * (client.MAX_ANSWER + 1)), "too long"),
        ((200, {"Content-Length": "999"}, ANSWER), "Error"),
    ],
)
def test_an_answer_that_is_no_answer_is_unreachable(bank: Server, answer: Any, why: str) -> None:
    bank.answer = answer
    with pytest.raises(GatewayUnreachable) as failure:
        Knet().inquire(trackid="TRACK1", fils=10_000)
    assert why in failure.value.reason
    assert "999901pg" not in failure.value.request and "TRACK1" in failure.value.request
    assert len(bank.seen) == 1


def test_a_slow_drip_is_cut_off(bank: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TOTAL", -1)
    with pytest.raises(GatewayUnreachable, match="too slow"):
        Knet().inquire(trackid="TRACK1", fils=10_000)


def test_nobody_listening_is_unreachable(settings: Any) -> None:
    settings.KNET_TRANPIPE_URL = "http://127.0.0.1:9/"
    with pytest.raises(GatewayUnreachable):
        Knet().inquire(trackid="TRACK1", fils=10_000)


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)  # noqa: TID251  # TLS asks the machine's clock
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - dt.timedelta(1), now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(True, False, False, False, False, True, True, False, False),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    both = folder / "server.pem"
    both.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    ca = folder / "ca.pem"
    ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, str(ca)


def test_a_certificate_is_verified_and_the_environment_cannot_change_that(
    serve: Callable[..., Server], settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, ca = certificate(tmp_path)
    server = serve(context)
    settings.KNET_TRANPIPE_URL = f"https://127.0.0.1:{server.server_port}/kpg/tranPipe.htm"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca)
    with pytest.raises(GatewayUnreachable, match="SSLError"):
        Knet().inquire(trackid="TRACK1", fils=10_000)
    assert not server.seen
    settings.KNET_CA_FILE = ca
    assert Knet().inquire(trackid="TRACK1", fils=10_000).answer.result == "CAPTURED"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KNET_TRANPORTAL_ID", ""),
        ("KNET_RESOURCE_KEY", "short"),
        ("KNET_RESOURCE_KEY", "1234567890ABCDE\u0629"),
        ("KNET_PAYMENT_URL", "http://kpay.example/kpg"),
        ("KNET_TRANPIPE_URL", "http://127.0.0.1.example/kpg"),
        ("KNET_TRANPIPE_URL", "ftp://127.0.0.1/"),
        ("PORTAL_URL", "http://portal.example"),
        ("PORTAL_URL", "https://portal.example/?x=1&y="),
    ],
)
def test_a_terminal_that_is_not_set_up_safely_is_refused_without_naming_a_secret(name: str, value: str, settings: Any) -> None:
    setattr(settings, name, value)
    with pytest.raises(NotConfigured) as refused:
        Knet().order(Order("T1", 1, "ar", "B1"))
    assert name in str(refused.value) and "999901pg" not in str(refused.value)


def test_the_address_of_the_page_is_short_and_not_encoded_twice() -> None:
    sent = Knet().order(Order("T" * 19, 999_999_999, "en", "BIL-2026-000123-K"))
    assert sent.url.startswith("https://bank.example.test/kpg/PaymentHTTP.htm?param=paymentInit&trandata=")
    assert sent.url.endswith(
        "&tranportalId=999901&responseURL=https://portal.example.test/pay/knet/response&errorURL=https://portal.example.test/pay/knet/error"
    )
    assert len(sent.url) < 1_100 and sent.decoded["langid"] == "EN"


def test_the_same_payment_has_the_same_address() -> None:
    one, two = (Knet().order(Order("T1", 1, "ar", "B")) for _ in range(2))
    assert one.url == two.url


def test_an_answer_may_be_as_long_as_the_limit_and_no_longer(bank: Server) -> None:
    assert client.MAX_ANSWER == 64 * 1024
    bank.answer = (200, {}, ANSWER + b" " * (64 * 1024 - len(ANSWER)))
    assert Knet().inquire(trackid="TRACK1", fils=10_000).answer.result == "CAPTURED"
    bank.answer = (200, {}, ANSWER + b" " * (64 * 1024 + 1 - len(ANSWER)))
    with pytest.raises(GatewayUnreachable, match=r"^answer too long$"):
        Knet().inquire(trackid="TRACK1", fils=10_000)


def test_the_call_waits_as_long_as_documented_and_says_how_it_wants_the_answer(bank: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three seconds to connect, ten for each piece, twenty for all: a worker is held no longer by a bank that drips."""
    asked: dict[str, Any] = {}
    post = client.requests.Session.post

    def watched(session: Any, url: str, **more: Any) -> Any:
        asked.update(more, trust_env=session.trust_env)
        return post(session, url, **more)

    monkeypatch.setattr(client.requests.Session, "post", watched)
    Knet().inquire(trackid="TRACK1", fils=10_000)
    assert asked["timeout"] == (3, 10) and client.TOTAL == 20
    assert (asked["allow_redirects"], asked["trust_env"], asked["stream"], asked["verify"]) == (False, False, True, True)
    assert asked["headers"] == {"Content-Type": "application/xml", "Accept-Encoding": "identity"}


def test_the_whole_answer_has_its_limit_whatever_arrives_in_between(bank: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 20.5
        return now[0]

    monkeypatch.setattr(client.time, "monotonic", clock)
    with pytest.raises(GatewayUnreachable, match="too slow"):
        Knet().inquire(trackid="TRACK1", fils=10_000)
    monkeypatch.setattr(client.time, "monotonic", iter([0.0, 20.0, *[20.0] * 50]).__next__)
    assert Knet().inquire(trackid="TRACK1", fils=10_000).answer.result == "CAPTURED"


def test_an_unreadable_file_of_certificates_is_unreachable_not_a_fault(settings: Any) -> None:
    settings.KNET_TRANPIPE_URL = "https://127.0.0.1:9/"
    settings.KNET_CA_FILE = "/nowhere/ca.pem"
    with pytest.raises(GatewayUnreachable) as failure:
        Knet().inquire(trackid="TRACK1", fils=10_000)
    assert failure.value.reason == "OSError" and "nowhere" not in str(failure.value)


def test_a_refund_is_a_credit_and_what_the_bank_said_is_kept(bank: Server) -> None:
    reply = Knet().refund(trackid="TRACK1", fils=10_000)
    assert b"<action>2</action>" in bank.seen[0][2] and b"<amt>10.000</amt>" in bank.seen[0][2]
    assert reply.answer.trackid == "TRACK1"
    assert reply.decoded == {"result": "CAPTURED", "trackid": "TRACK1", "payid": "100", "amt": "10.000"}
    Knet().inquire(trackid="TRACK1", fils=10_000)
    assert b"<action>8</action>" in bank.seen[1][2]


def test_an_answer_that_cannot_be_read_is_kept_up_to_a_limit(bank: Server) -> None:
    bank.answer = (200, {}, b"<html>\xff\x00 999901pg" + b"x" * 60_000)
    with pytest.raises(GatewayUnreachable) as failure:
        Knet().inquire(trackid="TRACK1", fils=10_000)
    assert failure.value.reason == "malformed: UnicodeDecodeError"
    assert failure.value.response.startswith("<html>\\xff\\x00 ********xxx")
    assert len(failure.value.response) <= 64 * 1024


def test_the_sum_returned_so_far_is_read_from_the_element_that_the_setting_names(bank: Server, settings: Any) -> None:
    bank.answer = (200, {}, ANSWER + b"<GivenBack>2.500</GivenBack>")
    assert Knet().inquire(trackid="TRACK1", fils=10_000).answer.credited_fils is None
    settings.KNET_CREDITED_ELEMENT = "givenback"
    assert Knet().inquire(trackid="TRACK1", fils=10_000).answer.credited_fils == 2_500


def test_a_terminal_that_wants_one_root_gets_it(bank: Server, settings: Any) -> None:
    settings.KNET_XML_WRAPPER = True
    Knet().inquire(trackid="TRACK1", fils=10_000)
    assert bank.seen[0][2].startswith(b"<request><id>999901</id>") and bank.seen[0][2].endswith(b"</request>")


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://kpay.example/kpg", True),
        ("http://127.0.0.1:8000/kpg", True),
        ("http://localhost/kpg", True),
        ("http://[::1]/kpg", True),
        ("http://kpay.example/kpg", False),
        ("ftp://localhost/kpg", False),
        ("https:///kpg", False),
        ("http://[::1/kpg", False),
        ("", False),
    ],
)
def test_plain_http_is_for_this_machine_only(url: str, is_allowed: bool) -> None:
    assert terminals.is_allowed(url) is is_allowed


def test_all_that_is_missing_is_named_at_once(settings: Any) -> None:
    settings.KNET_TRANPORTAL_ID = settings.KNET_TRANPIPE_URL = ""
    with pytest.raises(NotConfigured) as refused:
        terminals.terminal()
    assert str(refused.value) == "KNET_TRANPORTAL_ID, KNET_TRANPIPE_URL"


def test_a_return_address_has_255_characters_at_most(settings: Any) -> None:
    path = "/pay/knet/response"
    settings.PORTAL_URL = "https://" + "p" * (255 - len("https://") - len(path))
    assert len(terminals.terminal().response_url) == 255
    settings.PORTAL_URL += "p"
    with pytest.raises(NotConfigured, match="PORTAL_URL"):
        terminals.terminal()


def test_a_terminal_does_not_show_its_secrets_and_stays_as_it_was_read() -> None:
    read = terminals.terminal()
    assert "999901pg" not in repr(read) and "1234567890ABCDEF" not in repr(read)
    assert (read.password, read.key, read.langids) == ("999901pg", b"1234567890ABCDEF", {"ar": "AR", "en": "EN"})
    with pytest.raises(FrozenInstanceError):
        read.password = ""  # type: ignore[misc]
