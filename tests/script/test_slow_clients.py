"""The demo's web server answers while ten others send slowly: half of them their headers, half a body."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from script.support.processes import demo_environment
from tests.architecture.files import ROOT

SLOW, PATIENCE = 10, 4  # clients; seconds that a page may take on a busy machine
BEGUN = (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nslow")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def web(var: Path, **more: str) -> Iterator[int]:
    """gunicorn as the demo starts it, with a page that needs no database; its port."""
    port = free_port()
    surroundings = {**demo_environment(port, var), "PATH": os.environ["PATH"], **more}
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "tests.script.slow_app"]
    process = subprocess.Popen(command, cwd=ROOT, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not answers(port):
            assert process.poll() is None and time.monotonic() < until, "the web server did not start"
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)  # longer than its own patience with what it still reads


def answers_beside_slow_ones(port: int) -> bool:
    with ExitStack() as held:
        for n in range(SLOW):
            client = held.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)))
            client.sendall(BEGUN[n % 2])
        time.sleep(0.5)  # so that each of them is being read
        return all(answers(port) for _ in range(3))


@pytest.mark.parametrize(("threads", "holds"), [(demo_environment(0, Path())["WEB_THREADS"], True), ("4", False)])
def test_ten_slow_clients_do_not_stop_the_demo(tmp_path: Path, threads: str, holds: bool) -> None:
    """The second is the red control: with four threads, as before, nobody else is answered."""
    with web(tmp_path, WEB_THREADS=threads) as port:
        assert answers_beside_slow_ones(port) is holds
