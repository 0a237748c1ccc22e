"""The port to a scanner for harmful software, and its adapter for ClamAV's daemon. Setting UPLOADS_SCANNER chooses."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

CHUNK = 64 * 1024
SECONDS = 30
PING_SECONDS = 2


class ScannerAway(Exception):
    """The scanner gives no verdict now. The file waits."""


class Scanner(Protocol):
    def scan(self, path: Path) -> str:
        """The name of what was found, or an empty text. Raises ScannerAway."""

    def answers(self) -> bool:
        """Whether it would give a verdict now; asked by /readyz, within a second or two."""


class NoScanner:
    """No scanner: the demo, and portals that rely on drawing every file anew."""

    def scan(self, path: Path) -> str:
        return ""

    def answers(self) -> bool:
        return True


class Clamd:
    """clamd's INSTREAM command (clamd(8)): chunks with their length as four bytes in network order, a zero length at the end.

    UPLOADS_CLAMD is `tcp://HOST:PORT` or `unix:/path/to.sock`. clamd's StreamMaxLength must not be below UPLOADS_MAX_BYTES.
    """

    def scan(self, path: Path) -> str:
        try:
            answer = self._ask(path)
        except OSError as error:
            raise ScannerAway(type(error).__name__) from error
        if answer.endswith(" FOUND"):
            return answer.removeprefix("stream: ").removesuffix(" FOUND")
        if answer == "stream: OK":
            return ""
        raise ScannerAway(answer[:100] or "no answer")

    def answers(self) -> bool:
        try:
            with _connected(settings.UPLOADS_CLAMD, PING_SECONDS) as line:
                line.sendall(b"zPING\0")
                return line.recv(16).startswith(b"PONG")
        except OSError:
            return False

    def _ask(self, path: Path) -> str:
        with _connected(settings.UPLOADS_CLAMD) as line, path.open("rb") as source:
            line.sendall(b"zINSTREAM\0")
            while chunk := source.read(CHUNK):
                line.sendall(struct.pack("!I", len(chunk)) + chunk)
            line.sendall(struct.pack("!I", 0))
            answer = b""
            while b"\0" not in answer and len(answer) < 4096 and (more := line.recv(1024)):
                answer += more
        return answer.partition(b"\0")[0].decode("utf8", "replace").strip()


def _connected(address: str, seconds: float = SECONDS) -> socket.socket:
    """Raises OSError where nobody listens or the address is none."""
    parts = urlsplit(address)
    if parts.scheme == "unix":
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(seconds)
        try:
            line.connect(parts.path)
        except OSError:
            line.close()
            raise
        return line
    if parts.scheme != "tcp" or not parts.hostname:
        raise OSError(f"UPLOADS_CLAMD is no address: {address!r}")
    return socket.create_connection((parts.hostname, parts.port or 3310), timeout=seconds)


def scanner() -> Scanner:
    """The scanner that the settings name."""
    return cast(Scanner, import_string(settings.UPLOADS_SCANNER)())
