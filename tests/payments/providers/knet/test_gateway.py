"""The outgoing call against servers on this machine, with and without TLS."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from payments.providers.knet import Knet, client
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
    assert why in failure.value.why
    assert "999901pg" not in failure.value.request and "TRACK1" in failure.value.request
    assert len(bank.seen) == 1


def test_a_slow_drip_is_cut_off(bank: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "WHOLE", -1)
    with pytest.raises(GatewayUnreachable, match="too slow"):
        Knet().inquire(trackid="TRACK1", fils=10_000)


def test_nobody_listening_is_unreachable(settings: Any) -> None:
    settings.KNET_TRANPIPE_URL = "http://127.0.0.1:9/"
    with pytest.raises(GatewayUnreachable):
        Knet().inquire(trackid="TRACK1", fils=10_000)


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
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
