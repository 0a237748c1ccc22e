"""What `script/server` says and does when something stands in its way, and how it keeps its processes together."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from configparser import RawConfigParser
from pathlib import Path

import pytest

from script.support import supervise
from script.support.child import started
from script.support.environment import ROOT
from script.support.processes import clean_environment, demo_environment, demo_processes
from script.support.say import Stop
from script.support.server import Tails
from script.support.services import free_port

MAY_MOUNT = bool(shutil.which("unshare")) and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


def bash(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("bash") or "/bin/bash", "-c", script], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True
    )


def fake_python(folder: Path, version: str) -> Path:
    """A `python3` that only knows its version and is too old for everything else."""
    folder.mkdir(exist_ok=True)
    path = folder / "python3"
    path.write_text(f"#!/bin/sh\ncase \"$2\" in *'%d.%d'*) echo {version};; *) exit 1;; esac\n", encoding="ascii")
    path.chmod(0o755)
    return path


def finder() -> str:
    """The search for a Python with no place outside PATH."""
    text = (ROOT / "script/support/python.sh").read_text(encoding="utf8")
    return text.replace(" /usr/bin/python3;", ";") + "\nfind_python && echo FOUND $python"


def test_an_old_python_is_named_in_one_sentence(tmp_path: Path) -> None:
    fake_python(tmp_path, "3.9")
    answer = bash(finder(), PATH=f"{tmp_path}")
    assert answer.stderr.strip() == "The portal needs Python 3.11 or later; the newest on this machine is 3.9 (python3)."
    assert "FOUND" not in answer.stdout


def test_no_python_at_all_is_said_in_one_sentence(tmp_path: Path) -> None:
    answer = bash(finder(), PATH=f"{tmp_path}")
    assert answer.stderr.startswith("The portal needs Python 3.11 or later, and this machine has none")


def test_a_usable_python_is_found_behind_an_old_one(tmp_path: Path) -> None:
    fake_python(tmp_path / "old", "3.9")
    (tmp_path / "python3.11").symlink_to(sys.executable)
    answer = bash(finder(), PATH=f"{tmp_path / 'old'}:{tmp_path}")
    assert answer.stdout.startswith("FOUND /")


def test_a_busy_port_is_named_with_a_way_out() -> None:
    first = free_port(6)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first + 2))
        taken.listen()
        with pytest.raises(Stop) as refusal:
            supervise.require_free_ports(first, 4)
    assert refusal.value.sentence == f"Port {first + 2} is in use; choose another with: script/server --port {first + 100}"
    supervise.require_free_ports(first, 4)


@pytest.mark.parametrize("port", [80, 65534])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(Stop, match="1"):
        supervise.require_free_ports(port, 4)


def test_a_second_start_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    with supervise.claim(tmp_path, 8123):
        with pytest.raises(Stop) as refusal:
            supervise.claim(tmp_path, 8200)
        assert f"http://localhost:8123/ (process {os.getpid()})" in refusal.value.sentence
    supervise.claim(tmp_path, 8200).close()


def test_what_a_crash_left_behind_is_ended(tmp_path: Path) -> None:
    left = subprocess.Popen(["sleep", "60"])
    (tmp_path / "web.pid").write_text(f"{left.pid}\n{started(left.pid)}\n", encoding="ascii")
    # Reaped while `end_leftovers` looks on, as init would.
    import threading

    threading.Thread(target=left.wait, daemon=True).start()
    assert supervise.end_leftovers(tmp_path) == 1
    assert left.wait(timeout=5) == -signal.SIGTERM
    assert not list(tmp_path.glob("*.pid"))


def test_a_stranger_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    """Process numbers are used again: only number and start time together name a process."""
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (tmp_path / "web.pid").write_text(f"{stranger.pid}\nanother time\n", encoding="ascii")
        assert supervise.end_leftovers(tmp_path) == 0
        assert stranger.poll() is None
        stranger.terminate()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends a child with its parent")
def test_a_child_ends_with_its_supervisor(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; "
        f"p = subprocess.Popen([sys.executable, '-m', 'script.support.child', 'x', {str(tmp_path)!r}, '/bin/sleep', '60']); "
        "print(p.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        until = time.monotonic() + 10
        while not (tmp_path / "x.pid").exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert started(child)
        parent.kill()
    until = time.monotonic() + 10
    while _lives(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _lives(child)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_every_process_is_restarted_and_logged_with_limits(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with spaces and 100%"
    processes = demo_processes("/usr/bin/python3", 8000, folder)
    parser = RawConfigParser()
    parser.read_string(supervise.configuration(processes, folder / "run", folder / "log", "/usr/bin/python3"))
    names = {"knet", "mobile-id", "sms", "moci", "web", "worker", "beat"}
    assert set(parser["group:portal"]["programs"].split(",")) == names
    for name in names:
        program = parser[f"program:{name}"]
        assert program["autorestart"] == "true"
        assert program["stdout_logfile_maxbytes"] == "5MB"
        assert "100%%" in program["stdout_logfile"]


def test_no_setting_of_a_real_portal_reaches_the_demo(tmp_path: Path) -> None:
    real = {
        "DATABASE_URL": "postgres://real",
        "KNET_PASSWORD": "real",
        "SECRET_KEY_FILE": "/real",
        "CACHE_URL": "redis://real",
        "HOME": "/h",
    }
    assert clean_environment(real) == {"HOME": "/h"}
    assert demo_environment(8000, tmp_path)["PORTAL_DEMO"] == "1"


def test_the_terminal_shows_warnings_and_restarts_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "web.log"
    log.write_text("old ERROR\n", encoding="utf8")
    tails = Tails(tmp_path)
    with log.open("a", encoding="utf8") as out:
        out.write("INFO all is well\n2026 ERROR django.request no\nValueError: x\n")
    (tmp_path / "supervisord.log").write_text("INFO spawned\nWARN exited: web (terminated by SIGKILL; not expected)\n", encoding="utf8")
    tails.print_news()
    shown = capsys.readouterr().out
    assert [line.split(" | ")[1] for line in shown.splitlines()] == [
        "WARN exited: web (terminated by SIGKILL; not expected)",
        "2026 ERROR django.request no",
        "ValueError: x",
    ]
    log.write_text("ERROR after rotation\n", encoding="utf8")
    tails.print_news()
    assert "ERROR after rotation" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file where the folder should be stands for a read-only disk: root may write through permissions."""
    (tmp_path / "var").write_text("", encoding="ascii")
    answer = bash(f'"{sys.executable}" -m script.support.server --port {free_port(6)}', PORTAL_VAR=str(tmp_path / "var" / "x"))
    assert answer.returncode == 1
    assert answer.stderr.startswith("The portal must be able to write into its folder")
    assert len(answer.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(not MAY_MOUNT, reason="this account may not mount; the test above covers the sentence")
def test_a_read_only_disk_is_said_in_one_sentence(tmp_path: Path) -> None:
    var = tmp_path / "disk"
    var.mkdir()
    run = f'mount -t tmpfs -o ro none {var} && PORTAL_VAR="{var}" "{sys.executable}" -m script.support.server --port {free_port(6)}'
    answer = subprocess.run(["unshare", "-m", "bash", "-c", run], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "(Read-only file system)" in answer.stderr
