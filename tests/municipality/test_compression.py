"""Pages are compressed, padded at random, and files are left alone."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from municipality.ui.compression import CompressionMiddleware

pytestmark = pytest.mark.django_db
PAGE = "<!doctype html><title>x</title>" + "<p>The same words, again and again.</p>" * 100


def _lengths(middleware: CompressionMiddleware) -> set[int]:
    request = RequestFactory().get("/en/", headers={"accept-encoding": "gzip"})
    return {len(middleware(request).content) for _ in range(40)}  # type: ignore[union-attr]


def test_a_page_is_compressed_for_a_browser_that_takes_it(client: Client) -> None:
    plain = client.get("/en/privacy/")
    packed = client.get("/en/privacy/", headers={"accept-encoding": "gzip, br"})
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert len(packed.content) < len(plain.content) / 2
    strip = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')
    assert strip.sub(b"", gzip.decompress(packed.content)) == strip.sub(b"", plain.content)


def test_the_length_of_a_compressed_page_changes_from_answer_to_answer() -> None:
    middleware = CompressionMiddleware(lambda request: HttpResponse(PAGE))
    assert len(_lengths(middleware)) > 5


def test_without_padding_the_length_would_tell_what_the_page_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control: the same page always has the same length then."""
    monkeypatch.setattr(CompressionMiddleware, "max_random_bytes", 0)
    assert len(_lengths(CompressionMiddleware(lambda request: HttpResponse(PAGE)))) == 1


@pytest.mark.parametrize("kind", ["application/pdf", "text/plain; charset=utf-8", "image/png"])
def test_a_file_and_the_line_to_the_bank_are_sent_as_they_are(kind: str) -> None:
    middleware = CompressionMiddleware(lambda request: HttpResponse(PAGE, content_type=kind))
    answer: Any = middleware(RequestFactory().get("/", headers={"accept-encoding": "gzip"}))
    assert "Content-Encoding" not in answer
    assert answer.content == PAGE.encode()


def test_the_front_door_compresses_nothing_a_second_time(root: Path) -> None:
    assert re.findall(r"^\s*gzip\s+(\w+);", (root / "deploy/nginx.conf").read_text(encoding="utf8"), re.MULTILINE) == ["off"]
