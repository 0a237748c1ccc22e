"""The demo's web server answers while ten others send slowly: half of them their headers, half a body."""

from __future__ import annotations

import contextlib
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from script.support.processes import demo_environment
from tests.script.web_server import PATIENCE, answers, web

SLOW = 10  # clients
BEGUN = (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nslow")


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
