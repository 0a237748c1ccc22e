"""No head of a request is refused in English alone: what nginx lets through, the web server behind it reads."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from script.support.services import free_port
from tests.script.web_server import web
from tools.stack.front import PROGRAM, nginx, rendered

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(PROGRAM is None or CURL is None, reason="nginx or curl was not found")
SHORT = [f"x{n:x}: 1" for n in range(900)]  # newer versions of nginx refuse more than 1,000 by themselves
CRUMBS = [f"cookie: c{n}={'x' * 4000}" for n in range(7)]  # HTTP/2 sends cookies one by one; nginx makes one field of them
BOTH = "delete the cookies of this site"


def asked(folder: Path, heads: list[str], http: str, **surroundings: str) -> tuple[str, str]:
    """Status and text of the answer to a request with these fields, through the front door."""
    plain, secure = free_port(), free_port()
    with web(folder, **surroundings) as portal, nginx(rendered(folder, plain=plain, secure=secure, portal=portal)):
        options = "".join(f'header = "{head}"\n' for head in heads)
        command = [str(CURL), "-sk", f"--{http}", "--retry", "20", "--retry-delay", "1", "--retry-connrefused", "-K", "-"]
        command += ["-w", "\n%{http_code}", f"https://127.0.0.1:{secure}/ar/"]
        answer = subprocess.run(command, input=options, capture_output=True, text=True, timeout=60)
    text, _newline, status = answer.stdout.rpartition("\n")
    return status, text


@pytest.mark.parametrize(
    ("heads", "http", "status", "words"),
    [
        (SHORT[:61], "http1.1", "200", "0"),
        (SHORT, "http1.1", "200", "0"),
        (SHORT, "http2", "200", "0"),
        (CRUMBS, "http2", "200", "0"),
        ([f"x: {'x' * 8180}"], "http1.1", "200", "0"),
        ([*SHORT, *CRUMBS], "http1.1", "431", BOTH),
    ],
)
def test_behind_nginx_no_head_is_refused_by_the_web_server(tmp_path: Path, heads: list[str], http: str, status: str, words: str) -> None:
    got, text = asked(tmp_path, heads, http, FORWARDED_ALLOW_IPS="*")
    assert (got, words in text) == (status, True), text[:300]


@pytest.mark.parametrize(("heads", "http"), [(SHORT[:61], "http1.1"), (CRUMBS, "http2")])
def test_with_the_limits_of_the_demo_the_refusal_is_english_alone(tmp_path: Path, heads: list[str], http: str) -> None:
    """Control."""
    got, text = asked(tmp_path, heads, http)
    assert got == "431" and "Request Header Fields Too Large" in text and BOTH not in text
