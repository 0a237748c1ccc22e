"""One client with one connection that stays open. Bare sockets, so that the client costs little beside the server."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

# Headers by which the benchmarks speak with their server (see recording.py).
RECORD, COUNT = "X-Bench-Record", "X-Bench-Count"
QUERIES, ROWS, VALUES = "X-Bench-Queries", "X-Bench-Rows", "X-Bench-Values"


@dataclass(frozen=True)
class Ask:
    """A request; `form` makes it a POST."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str | Sequence[str]] | None = None

    def raw(self, host: str) -> bytes:
        """The bytes on the line."""
        body = urlencode(self.form, doseq=True).encode() if self.form is not None else b""
        headers = {"Host": host, "Accept-Encoding": "gzip", **self.headers}
        if self.form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
        lines = [f"{'GET' if self.form is None else 'POST'} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in small letters
    body: bytes
    seconds: float

    @property
    def text(self) -> bytes:
        """The body, unpacked where it came compressed."""
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body


class Line:
    """A kept-alive connection; it is opened again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port, self.host = port, f"127.0.0.1:{port}"
        self.line: socket.socket | None = None

    def ask(self, ask: Ask) -> Answer:
        """Send and wait. Seconds run from the first byte sent to the last received. Raises OSError."""
        raw = ask.raw(self.host)
        self._open()
        began = time.perf_counter()
        status, headers, body = self._exchange(raw)
        took = time.perf_counter() - began
        if headers.get("connection") == "close":
            self.close()
        return Answer(status, headers, body, took)

    def _open(self) -> None:
        if self.line is None:
            self.line = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _exchange(self, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        assert self.line is not None
        self.line.sendall(raw)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _, body = got.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        status = int(first.split()[1])
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, self._chunks(body)
        missing = int(headers.get("content-length", 0)) - len(body)
        parts = [body]
        while missing > 0:
            parts.append(self._more())
            missing -= len(parts[-1])
        return status, headers, b"".join(parts)

    def _chunks(self, got: bytes) -> bytes:
        """The body of a chunked answer, of which `got` has arrived."""
        parts = []
        while True:
            while b"\r\n" not in got:
                got += self._more()
            size, _, got = got.partition(b"\r\n")
            length = int(size, 16)
            while len(got) < length + 2:  # the chunk and the end of its line
                got += self._more()
            parts.append(got[:length])
            got = got[length + 2 :]
            if length == 0:
                return b"".join(parts)

    def _more(self) -> bytes:
        assert self.line is not None
        part = self.line.recv(65536)
        if not part:
            self.close()
            raise ConnectionError("the server closed the connection")
        return part

    def close(self) -> None:
        if self.line is not None:
            self.line.close()
            self.line = None
