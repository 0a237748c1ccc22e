"""gunicorn with the shipped configuration and a page that needs no database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from script.support.processes import demo_environment
from script.support.services import free_port
from tests.architecture.files import ROOT

PATIENCE = 4  # seconds that a page may take on a busy machine


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
