"""One request and its answer, and the two ways to send it: over TLS to the front door, or in this process."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

HOST = "portal.example.test"
MOST_BYTES = 3_000_000  # of an answer that are looked at
SECONDS = 60.0
TOKEN = "Ab1" * 10 + "Xy"  # a CSRF secret; the same stands in the cookie
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Ask:
    """One request. `who` is the name of an identity or nobody; a header whose value is None is left out."""

    kind: str
    method: str
    path: str
    who: str = "nobody"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    token: bool = True  # the CSRF cookie is sent
    note: str = ""  # the value or mutation that was tried


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 says that the line was cut without an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float

    def header(self, name: str) -> str:
        """The first header of the name, or an empty text."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def text(self) -> str:
        return self.body.decode("utf8", "replace")

    @property
    def is_page(self) -> bool:
        return "text/html" in self.header("Content-Type")


class Way(Protocol):
    """How requests reach the portal."""

    def send(self, ask: Ask, cookies: Mapping[str, str], source: str) -> Answer:
        """`source` is the client's own address, of the loopback net."""


def form(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Pairs as an encoded form. Lone surrogates go out as their three bytes."""
    return urlencode([(name.encode("utf8", "surrogatepass"), value.encode("utf8", "surrogatepass")) for name, value in pairs]).encode()


def multipart(pairs: Iterable[tuple[str, str]], files: Iterable[tuple[str, str, str, bytes]]) -> tuple[str, bytes]:
    """Content type and body. A file is field, file name, content type and content."""
    boundary = "----attack7f3a"
    parts = []
    for name, value in pairs:
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + _bytes(value) + b"\r\n")
    for name, filename, content_type, content in files:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="'.encode() + _bytes(filename)
        parts.append(head + f'"\r\nContent-Type: {content_type}\r\n\r\n'.encode() + content + b"\r\n")
    return f"multipart/form-data; boundary={boundary}", b"".join(parts) + f"--{boundary}--\r\n".encode()


def _bytes(text: str) -> bytes:
    return text.encode("utf8", "surrogatepass")


class Door:
    """TLS to the front door, one connection a request, from any address of the loopback net."""

    session_cookie, csrf_cookie, language_cookie = "__Host-session", "__Host-csrf", "django_language"

    def __init__(self, port: int) -> None:
        self.port = port
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def send(self, ask: Ask, cookies: Mapping[str, str], source: str) -> Answer:
        headers = {"Host": HOST, "Referer": f"https://{HOST}/", "Accept": "text/html,*/*", "Connection": "close"}
        headers |= {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
        if ask.body is not None:
            headers |= {"Content-Type": FORM, "Content-Length": str(len(ask.body))}
        headers |= ask.headers
        lines = [_bytes(f"{ask.method} {ask.path} HTTP/1.1"), *(f"{name}: {value}".encode("latin-1") for name, value in headers.items())]
        raw = b"\r\n".join(lines) + b"\r\n\r\n" + (ask.body or b"")
        began = time.monotonic()
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS, source_address=(source, 0)) as plain,
                self.context.wrap_socket(plain, server_hostname=HOST) as line,
            ):
                with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):  # it may be answered before all was sent
                    line.sendall(raw)
                answer = http.client.HTTPResponse(line, method=ask.method)
                answer.begin()
                body = answer.read(MOST_BYTES)
                return Answer(answer.status, tuple(answer.getheaders()), body, time.monotonic() - began)
        except (OSError, http.client.HTTPException):
            return Answer(0, (), b"", time.monotonic() - began)


class InProcess:
    """Django's own handler without a server: what the web server would refuse comes through, and errors become pages of 500."""

    def __init__(self) -> None:
        from django.conf import settings
        from django.test import Client

        self.session_cookie, self.csrf_cookie = settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME
        self.language_cookie = settings.LANGUAGE_COOKIE_NAME
        self.client: Callable[..., Any] = Client

    def send(self, ask: Ask, cookies: Mapping[str, str], source: str) -> Answer:
        client = self.client(enforce_csrf_checks=True, raise_request_exception=False)
        for name, value in cookies.items():
            client.cookies[name] = value
        parts = urlsplit(ask.path if ask.path.startswith("/") else "/" + ask.path)
        meta = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in ask.headers.items()}
        content_type = meta.pop("HTTP_CONTENT_TYPE", FORM)
        if "HTTP_CONTENT_LENGTH" in meta:
            meta["CONTENT_LENGTH"] = meta.pop("HTTP_CONTENT_LENGTH")
        meta = {"REMOTE_ADDR": source, "QUERY_STRING": re.sub(r"[^\x00-\xff]", "", parts.query), "HTTP_HOST": "testserver", **meta}
        began = time.monotonic()
        answer = client.generic(ask.method, parts.path or "/", ask.body or b"", content_type=content_type, **meta)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        headers = [*answer.items(), *(("Set-Cookie", morsel.OutputString()) for morsel in answer.cookies.values())]
        return Answer(answer.status_code, tuple(headers), body[:MOST_BYTES], time.monotonic() - began)
