"""Phones that report over HTTP as the web app does, over lines that are cut; they send the same until the portal says that it has it."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

SEND, PHOTOS = "/en/report/send/", "/en/report/photos/"
TAKEN = (200, 201)
# Of ten requests one is cut in its middle and two before the answer is read.
WAYS = ("half", "deaf", "deaf", *("whole",) * 7)
_BOUNDARY = "part-of-a-report"
_HARD = struct.pack("ii", 1, 0)  # close by a reset


class LineCut(Exception):
    """There was no answer: the line was cut, or nobody was there."""


@dataclass
class Tally:
    """What all phones saw: answers by status, cut lines, and how often a request was sent."""

    statuses: Counter[int] = field(default_factory=Counter)
    cuts: Counter[str] = field(default_factory=Counter)
    requests: int = 0


@dataclass
class ReportingPhone:
    """One phone with one report, at a network address of its own (127.x.y.z), so that the limits of senders do not count.

    `keeps_key` is the guard under test: without it every try is a report of its own.
    """

    port: int
    number: int
    photos: Sequence[bytes]
    tally: Tally
    area: str
    words: str
    keeps_key: bool = True
    until: float = 0  # of the monotonic clock

    def __post_init__(self) -> None:
        self.key, self.cookies = str(uuid4()), dict[str, str]()
        self.chance = random.Random(self.number)  # noqa: S311 - cuts are the same each time
        self.token = ""

    @property
    def address(self) -> str:
        return f"127.{1 + self.number // 62_500}.{self.number // 250 % 250}.{1 + self.number % 250}"

    def report(self) -> set[str]:
        """Send the report and every photo until both are taken, then once more, from two pages at once. Returns the numbers told."""
        for photo in self.photos:
            self._insist(PHOTOS, lambda photo=photo: ({"key": self.key}, photo))  # type: ignore[misc]
        told = {self._insist(SEND, self._fields)["reference"]}
        again = [json.loads(answer) for status, answer in self._twins() if status in TAKEN]
        return told | {one["reference"] for one in again}

    def _fields(self) -> tuple[dict[str, str], None]:
        fields = {"key": self.key, "category": "waste", "area": self.area, "who": "nobody", "words": self.words, "street_block": "3"}
        if not self.keeps_key:  # nor the place, since a sender reports the same one three times a day at most
            fields |= {"key": str(uuid4()), "street": str(self.chance.random())}
        return fields, None

    def _twins(self) -> list[tuple[int, bytes]]:
        """The page and its service worker send what was sent, at once; a line may be cut."""

        def send(_turn: int) -> tuple[int, bytes]:
            with contextlib.suppress(LineCut):
                return self._post(SEND, *self._fields())
            return 0, b""

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(send, range(2)))

    def _insist(self, path: str, made: Any) -> dict[str, Any]:
        while True:
            with contextlib.suppress(LineCut):
                if not self.token:
                    self.token = json.loads(self._ask("GET", SEND)[1])["token"]
                status, answer = self._post(path, *made())
                if status in TAKEN:
                    found: dict[str, Any] = json.loads(answer)
                    return found
                if status < 500:
                    raise AssertionError(f"{path} answered {status}: {answer[:300]!r}")
            if time.monotonic() > self.until:
                raise TimeoutError(f"report {self.number} was not taken in time: {self.tally}")
            time.sleep(self.chance.uniform(0.1, 0.6))

    def _post(self, path: str, fields: dict[str, str], photo: bytes | None) -> tuple[int, bytes]:
        body = b"".join(_parts(fields | {"csrfmiddlewaretoken": self.token}, photo))
        return self._ask("POST", path, body, way=self.chance.choice(WAYS))

    def _ask(self, method: str, path: str, body: bytes = b"", *, way: str = "whole") -> tuple[int, bytes]:
        """Status and body of the answer. Raises LineCut."""
        self.tally.requests += 1
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Accept: application/json", "Connection: close"]
        head += [f"Cookie: {'; '.join(f'{name}={value}' for name, value in self.cookies.items())}"] if self.cookies else []
        head += [f"Content-Type: multipart/form-data; boundary={_BOUNDARY}", f"Content-Length: {len(body)}"] if body else []
        sent = "\r\n".join([*head, "", ""]).encode() + body
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=60, source_address=(self.address, 0)) as line:
                line.sendall(sent if way != "half" else sent[: len(sent) // 2])
                if way != "whole":
                    time.sleep(self.chance.uniform(0, 0.05))
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD)
                    raise LineCut(way)
                answer = http.client.HTTPResponse(line, method=method)
                answer.begin()
                content = answer.read()
        except LineCut:
            self.tally.cuts[way] += 1
            raise
        except (OSError, http.client.HTTPException) as error:
            self.tally.cuts["by the portal"] += 1
            raise LineCut(str(error)) from error
        for line_of_cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line_of_cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.tally.statuses[answer.status] += 1
        return answer.status, content


def _parts(fields: dict[str, str], photo: bytes | None) -> Iterator[bytes]:
    for name, value in fields.items():
        yield f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    if photo is not None:
        disposition = 'Content-Disposition: form-data; name="photo"; filename="a.jpg"\r\nContent-Type: image/jpeg'
        yield f"--{_BOUNDARY}\r\n{disposition}\r\n\r\n".encode() + photo + b"\r\n"
    yield f"--{_BOUNDARY}--\r\n".encode()
