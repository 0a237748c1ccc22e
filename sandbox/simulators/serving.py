"""A small threaded HTTP server on loopback for the simulators, and calls to the portal."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import socketserver
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
BODY_LIMIT = 64 * 1024
HTML = "text/html; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
JSON = "application/json"
# A form's answer may lead back to the portal, which listens on another port of this machine.
CSP = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self' http://127.0.0.1:* http://localhost:* https://127.0.0.1:* https://localhost:*"
)


class Refused(Exception):
    """Answers the request with a status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Request:
    """A request with its body."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    def form(self) -> dict[str, list[str]]:
        """The fields of an urlencoded body. Raises Refused(400)."""
        try:
            return parse_qs(self.body.decode("utf8"), keep_blank_values=True, max_num_fields=100)
        except ValueError:
            raise Refused(400, "The form cannot be read.") from None

    def json(self) -> dict[str, Any]:
        """The JSON object of the body. Requires the content type, against forms of other sites. Raises Refused."""
        if self.headers.get("content-type", "").split(";")[0].strip() != JSON:
            raise Refused(415, "Content-Type must be application/json.")
        try:
            value = json.loads(self.body)
        except ValueError:
            raise Refused(400, "The body is not JSON.") from None
        if not isinstance(value, dict):
            raise Refused(400, "The body is not a JSON object.")
        return value

    def language(self) -> str:
        """`ar` or `en`: of `lang`, else of the browser, else Arabic."""
        requested = self.query.get("lang", "")
        if requested in ("ar", "en"):
            return requested
        return "en" if self.headers.get("accept-language", "").lower().startswith("en") else "ar"


@dataclass
class Response:
    """A response. `drop` closes the connection without an answer; `cut` closes it after so many bytes of the body."""

    body: bytes = b""
    status: int = 200
    content_type: str = PLAIN
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    cut: int | None = None


Action = Callable[..., Response]


def as_json(value: Any, status: int = 200) -> Response:
    """A JSON answer, Arabic readable."""
    return Response(json.dumps(value, ensure_ascii=False).encode("utf8"), status, JSON)


def as_html(page: str, status: int = 200) -> Response:
    """A page."""
    return Response(page.encode("utf8"), status, HTML)


def redirect(url: str, status: int = 302) -> Response:
    """A redirect; line breaks can not enter the header."""
    return Response(b"", status, PLAIN, {"Location": re.sub(r"[\r\n]", "", url)})


class Application:
    """Routes (method, regular expression over the whole path, action); groups become arguments."""

    def __init__(self, *routes: tuple[str, str, Action]) -> None:
        known: tuple[tuple[str, str, Action], ...] = (("GET", "/healthz", lambda request: as_json({"status": "ok"})), *routes)
        self._routes = [(method, re.compile(pattern), action) for method, pattern, action in known]

    def answer(self, request: Request) -> Response:
        """The answer to a request; refusals and unknown paths included."""
        try:
            _check_origin(request)
            method = "GET" if request.method == "HEAD" else request.method
            path_exists = False
            for route_method, pattern, action in self._routes:
                if match := pattern.fullmatch(request.path):
                    path_exists = True
                    if method == route_method:
                        return action(request, *match.groups())
            raise Refused(405 if path_exists else 404, "No such method here." if path_exists else "No such path.")
        except Refused as refusal:
            return as_json({"error": str(refusal)}, refusal.status)


def _check_origin(request: Request) -> None:
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if host not in LOOPBACK:
        raise Refused(421, "Only names of this machine are answered.")
    if request.method == "POST" and request.headers.get("sec-fetch-site") == "cross-site":
        raise Refused(403, "Forms of other sites are refused.")


class Server(ThreadingHTTPServer):
    """Bound to 127.0.0.1; a thread a connection."""

    daemon_threads = True
    allow_reuse_address = True
    allow_reuse_port = False
    request_queue_size = 128
    application: Application

    def server_bind(self) -> None:
        """Bind without a DNS lookup."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print errors, except of disconnected clients."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Conversation(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "simulator"
    sys_version = ""
    timeout = 20
    disable_nagle_algorithm = True
    wbufsize = -1

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > BODY_LIMIT or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(as_json({"error": "The body is too long or of unknown length."}, 413))
            return
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.application.answer(Request(self.command, parts.path, query, headers, self.rfile.read(int(length)))))

    def _send(self, response: Response) -> None:
        if response.drop:
            self.close_connection = True
            return
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", CSP)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body[: response.cut])
        if response.cut is not None:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Do not log: URLs may contain phone numbers or encrypted orders."""


@dataclass(frozen=True)
class Answer:
    """An answer; `status` 0: none, for the reason in `error`."""

    status: int
    body: bytes = b""
    error: str = ""


def call(url: str, body: bytes, content_type: str, seconds: float = 5) -> Answer:
    """POST to a URL of this machine, without following redirects. Other hosts are unreachable."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        return Answer(0, error="not an http address of this machine")
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=seconds)
    try:
        connection.request("POST", parts.path or "/", body, {"Content-Type": content_type, "User-Agent": "simulator"})
        response = connection.getresponse()
        return Answer(response.status, response.read(BODY_LIMIT))
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, error=type(error).__name__)
    finally:
        connection.close()


def refuse(sentence: str) -> NoReturn:
    """End the process with one sentence and status 2."""
    print(sentence, file=sys.stderr, flush=True)
    raise SystemExit(2)


def options(name: str, offset: int, argv: list[str] | None, **extra: str) -> argparse.Namespace:
    """The command line. The port is PORT + offset unless given; `more` maps further options to their help.

    Ends the process unless PORTAL_DEMO=1.
    """
    if os.environ.get("PORTAL_DEMO") != "1":
        refuse(f"The {name} simulator is for demos and tests: it starts only with PORTAL_DEMO=1.")
    var = Path(os.environ.get("PORTAL_VAR") or Path(__file__).resolve().parents[2] / "var")
    parser = argparse.ArgumentParser(prog=name, description=f"{name} simulator, on 127.0.0.1 only")
    base = os.environ.get("PORT", "8000")
    parser.add_argument("--port", type=int, default=int(base) + offset if base.isdecimal() else None, help="0 takes any free port")
    parser.add_argument("--book", type=Path, default=var / f"{name}.sqlite3", help="the SQLite file of the simulator")
    for option, text in extra.items():
        parser.add_argument(f"--{option}", type=Path, default=None, help=text)
    arguments = parser.parse_args(argv)
    arguments.var = var
    return arguments


def start(application: Application, port: int) -> Server:
    """A bound server that does not run yet. Raises OSError where the port is taken."""
    server = Server(("127.0.0.1", port), Conversation)
    server.application = application
    return server


def run(application: Application, name: str, port: int) -> int:
    """Serve until SIGTERM or Ctrl-C. Prints the address once it listens."""
    try:
        server = start(application, port)
    except OSError as error:
        refuse(f"The {name} simulator cannot listen on 127.0.0.1:{port}: {error.strerror or error}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"{name} simulator on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever(poll_interval=0.5)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


STYLE = Path(__file__).with_name("style.css").read_bytes()


BANNER = ("محاكاة للتجربة", "Simulation, for trying out")


def page(language: str, title: str, body: str, banner: tuple[str, str] = BANNER, wide: bool = False, refresh: int = 0) -> str:
    """A whole page under a banner, Arabic and English, that says what this is.

    `title` is escaped, `body` is markup; `refresh` is in seconds, nought for never.
    """
    direction = "rtl" if language == "ar" else "ltr"
    refresh_tag = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    return (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{refresh_tag}<title>{escape(title)}</title>'
        '<link rel="stylesheet" href="/style.css"><link rel="icon" href="data:,"></head><body>'
        f'<div class="kp-sim" role="note"><span lang="ar" dir="rtl">{banner[0]}</span>'
        f'<span lang="en" dir="ltr">{banner[1]}</span></div><main{" class=kp-wide" if wide else ""}><h1>{escape(title)}</h1>'
        f"{body}</main></body></html>"
    )


def style(request: Request) -> Response:
    """The style sheet of every simulator."""
    return Response(STYLE, 200, "text/css; charset=utf-8")
