"""The scanner: what it finds is refused, and while it is away files wait unseen (U8). Its other side is a small clamd of the test."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from municipality.accounts.models import User
from municipality.jobs.models import Job, JobState
from municipality.uploads import links
from municipality.uploads.malware import Clamd, ScannerAway
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from tests.municipality.uploads import seeds
from tests.municipality.uploads.conftest import Draft, Send

# The test file of the European Institute for Computer Antivirus Research, in two halves so that this file is none.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OWN_SIGNATURE = b"TEST-SIGNATURE-OF-THE-MUNICIPALITY"
pytestmark = pytest.mark.django_db


class Clam(socketserver.BaseRequestHandler):
    """clamd's INSTREAM, as clamd(8) tells it, with two signatures."""

    mode = "well"
    streams: list[int] = []
    most = 25 * 1024 * 1024

    def handle(self) -> None:
        command = self._read(10)
        assert command == b"zINSTREAM\0", command
        content = b""
        while length := struct.unpack("!I", self._read(4))[0]:
            content += self._read(length)
            if len(content) > self.most or self.mode == "small":
                self.request.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.streams.append(len(content))
        found = b"Eicar-Test-Signature" if EICAR in content else b"Municipal.Test" if OWN_SIGNATURE in content else b""
        answers = {"well": b"stream: " + (found + b" FOUND" if found else b"OK") + b"\0", "silent": b"", "odd": b"what?\0"}
        self.request.sendall(answers[self.mode])

    def _read(self, length: int) -> bytes:
        got = b""
        while len(got) < length:
            more = self.request.recv(length - len(got))
            if not more:
                return got.ljust(length, b"\0")
            got += more
        return got


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture(params=["tcp", "unix"])
def clamd(request: pytest.FixtureRequest, settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[Clam]]:
    """A daemon on a socket of its own, and the setting that leads to it."""
    if request.param == "tcp":
        server: socketserver.BaseServer = TcpServer(("127.0.0.1", 0), Clam)
        settings.UPLOADS_CLAMD = f"tcp://127.0.0.1:{server.server_address[1]}"
    else:
        path = tmp_path_factory.mktemp("c") / "s"
        server = UnixServer(str(path), Clam)
        settings.UPLOADS_CLAMD = f"unix:{path}"
    settings.UPLOADS_SCANNER = "municipality.uploads.malware.Clamd"
    Clam.mode, Clam.streams = "well", []
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    yield Clam
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def infected() -> bytes:
    return seeds.photo() + EICAR


def test_what_the_scanner_finds_is_refused_with_its_name_kept(clamd: type[Clam], send: Send) -> None:
    for content, name in ((infected(), "Eicar-Test-Signature"), (seeds.pdf() + OWN_SIGNATURE, "Municipal.Test")):
        upload = send(content)
        assert (upload.state, upload.reason, upload.file) == (UploadState.REFUSED, "infected", None)
        assert upload.last_event is not None and upload.last_event.data == {"found": name}
    clean = send(seeds.photo())
    assert clean.state == UploadState.READY
    assert clamd.streams[-1] == len(seeds.photo())


def test_the_bare_test_file_is_no_picture_to_begin_with(clamd: type[Clam], send: Send) -> None:
    assert send(EICAR, "eicar.com").reason == "type"
    assert clamd.streams == []


def test_without_a_scanner_the_same_file_is_taken_though_drawn_anew(send: Send) -> None:
    from municipality.documents import store

    upload = send(infected())
    assert upload.state == UploadState.READY and upload.file is not None
    assert EICAR not in store.read(upload.file)


@pytest.mark.parametrize("mode", ["away", "silent", "odd", "small"])
def test_while_the_scanner_is_away_a_file_waits_unseen_and_then_goes_on_by_itself(
    clamd: type[Clam],
    mode: str,
    send: Send,
    settings: Any,
    owner: User,
    client: Client,
    draft: Draft,
    outbox: Callable[..., int],
    frozen_clock: Any,
) -> None:
    there = settings.UPLOADS_CLAMD
    if mode == "away":
        settings.UPLOADS_CLAMD = "tcp://127.0.0.1:1" if there.startswith("tcp") else "unix:/nonexistent/socket"
    else:
        clamd.mode = mode
    upload = send(seeds.photo())
    assert (upload.state, Job.objects.get(kind="uploads.inspect").state) == (UploadState.CHECKING, JobState.PARKED)
    assert client.get(links.link(upload, owner, client.session)).status_code == 404
    for _ in range(20):  # hours of silence use up no try
        frozen_clock.move(minutes=5)
        outbox("uploads.inspect")
    upload.refresh_from_db()
    assert upload.state == UploadState.CHECKING
    settings.UPLOADS_CLAMD, clamd.mode = there, "well"
    frozen_clock.move(minutes=1)
    outbox("uploads.inspect")
    assert Upload.objects.get().state == UploadState.READY


def test_an_infected_file_is_never_let_through_by_a_silent_scanner(clamd: type[Clam], send: Send) -> None:
    clamd.mode = "silent"
    assert send(infected()).state == UploadState.CHECKING


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:3310", "tcp://", "nonsense"])
def test_an_address_that_is_none_is_an_absent_scanner(address: str, settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS_CLAMD = address
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(ScannerAway):
        Clamd().scan(tmp_path / "x")


@pytest.mark.parametrize("clamd", ["tcp"], indirect=True)
def test_the_daemon_of_these_tests_speaks_by_itself(clamd: type[Clam], settings: Any) -> None:
    """A control: without a stream's end it gives no answer."""
    port = int(settings.UPLOADS_CLAMD.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=0.3) as line:
        line.sendall(b"zINSTREAM\0" + struct.pack("!I", 4) + b"abcd")
        with pytest.raises(TimeoutError):
            line.recv(10)
