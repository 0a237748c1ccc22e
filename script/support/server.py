"""`script/server`: sets the portal up on this machine and runs it until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import FrameType

from script.support import environment, supervise, system
from script.support.environment import ROOT
from script.support.processes import demo_environment, demo_processes
from script.support.say import Stop, step

VENV = ROOT / ".venv"
READY_SECONDS = 90
# Lines of the logs that are printed: warnings and worse, and the beginning and last line of tracebacks.
_WORTH_READING = re.compile(r"(?<!%)(WARNING|ERROR|CRITICAL)\b|Traceback|^\w+(\.\w+)*(Error|Exception)\b")


def main() -> int:
    """Returns 0 after Ctrl-C, 1 after an error message."""
    arguments = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)  # even if the shell set it to be ignored
    began = time.monotonic()
    try:
        return _serve(arguments.port, fresh=arguments.fresh, began=began)
    except Stop as refusal:
        print(refusal.sentence, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped before the portal was ready; the next start goes on from here.")
        return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/server", description="Sets the portal up on this machine and runs it until Ctrl-C.")
    parser.add_argument("--port", type=int, default=8000, help="first of six ports in a row on this machine (8000)")
    parser.add_argument("--fresh", action="store_true", help="delete the demo's database, files and keys first")
    return parser.parse_args()


def _serve(port: int, *, fresh: bool, began: float) -> int:
    var = Path(os.environ.get("PORTAL_VAR") or ROOT / "var").resolve()
    run, log = _folders(var)
    lock = supervise.claim(run, port)
    with contextlib.closing(lock):
        leftovers = supervise.end_leftovers(run)
        supervise.require_free_ports(port, 6)
        print("The portal of Kuwait Municipality, as a demo on this machine", flush=True)
        if leftovers:
            print(f"  An earlier start ended abruptly; {leftovers} of its processes were stopped.")
        if fresh:
            with step("Deleting the demo's data"):
                _wipe(var)
        _set_up(port, var, log)
        return _run(port, var, began)


def _folders(var: Path) -> tuple[Path, Path]:
    run, log = var / "run", var / "log"
    try:
        for folder in (run, log):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (run, ROOT):
            probe = folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
    except OSError as reason:
        raise Stop(f"The portal must be able to write into its folder {ROOT} ({reason.strerror}): put it where that is allowed.") from None
    return run, log


def _wipe(var: Path) -> None:
    """Delete the data of the demo, except the logs and the lock of this start."""
    for path in var.iterdir():
        if path.name == "log":
            continue
        if path.name == "run":
            for inner in path.iterdir():
                if inner.name != "server.lock":
                    inner.unlink() if inner.is_file() else shutil.rmtree(inner)
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _set_up(port: int, var: Path, log: Path) -> None:
    with step("Python packages") as current:
        environment.ensure(ROOT / "requirements.txt", current, log=log / "setup.log")
        current.note = current.note or f"Python {sys.version_info.major}.{sys.version_info.minor}, unchanged"
    if not system.has_pango():
        with step("Pango, which draws PDF pages") as current:
            installed = system.may_install() and system.install(system.PANGO_DEBIAN, log / "setup.log")
            current.note = "installed" if installed else f"missing: licences wait until you run: {system.pango_advice()}"
    prepare = [str(VENV / "bin" / "python"), "-W", "ignore", "-m", "script.support.prepare", str(var)]
    code = subprocess.run(prepare, cwd=ROOT, env=_surroundings(port, var), stdin=subprocess.DEVNULL).returncode
    if code:
        raise Stop("Setting up stopped at the step above; script/server --fresh begins with an empty database.")


def _surroundings(port: int, var: Path) -> dict[str, str]:
    """The environment of a demo that people open under a host name: browsers store no passkey for an IP address."""
    return demo_environment(port, var) | {"PORTAL_URL": f"http://localhost:{port}"}


def _run(port: int, var: Path, began: float) -> int:
    run, log = var / "run", var / "log"
    python = str(VENV / "bin" / "python")
    configuration = run / "supervisord.conf"
    configuration.write_text(supervise.configuration(demo_processes(python, port, var), run, log, python), encoding="utf8")
    tails = Tails(log)
    supervisor = subprocess.Popen(
        supervise.command(VENV, configuration),
        cwd=ROOT,
        env=_surroundings(port, var),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then stops the others in order
    )
    try:
        with step("Starting") as current:
            _wait_until_ready(port, supervisor)
            current.note = "web, worker, clock and the simulators of Mobile ID, KNET, SMS and the commercial register"
        _greet(port, run, began)
        while supervisor.poll() is None:
            tails.print_news()
            time.sleep(0.5)
        raise Stop(f"The supervisor of the portal ended by itself; its last words are in {log / 'supervisord.log'}.")
    except KeyboardInterrupt:
        print("\nStopping …", end=" ", flush=True)
        _stop(supervisor)
        print("stopped.")
        return 0
    finally:
        _stop(supervisor)
        supervise.end_leftovers(run)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stop(supervisor: subprocess.Popen[str]) -> None:
    """Stop the supervisor, which stops its processes; a second Ctrl-C kills it."""
    if supervisor.poll() is not None:
        return
    supervisor.terminate()
    try:
        supervisor.wait(timeout=90)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        supervisor.kill()
        supervisor.wait()


def _wait_until_ready(port: int, supervisor: subprocess.Popen[str]) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if supervisor.poll() is not None:
            output = supervisor.stderr.read().strip() if supervisor.stderr else ""
            raise Stop(f"The supervisor did not start: {output}")
        if _answers(f"http://127.0.0.1:{port}/healthz"):
            return
        time.sleep(0.1)
    raise Stop(f"The web server did not answer within {READY_SECONDS} seconds; its last words are in var/log/web.log.")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310  # this machine
            return bool(answer.status == 200)
    except OSError:
        return False


def _greet(port: int, run: Path, began: float) -> None:
    people = run / "people.txt"
    print(f"\nReady after {time.monotonic() - began:.0f} s:  http://localhost:{port}/")
    if people.exists():
        print("\n" + people.read_text(encoding="utf8").rstrip())
    print("\nCtrl-C stops everything. Warnings follow here; whole logs are in var/log.\n", flush=True)


class Tails:
    """Prints new lines of the processes' logs that matter, as `web | …`."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.read = {path: path.stat().st_size for path in log.glob("*.log")}

    def print_news(self) -> None:
        for path in sorted(self.log.glob("*.log")):
            if path.name == "setup.log":
                continue
            size, read = path.stat().st_size, self.read.get(path, 0)
            if size == read:
                continue
            with path.open("rb") as stream:
                stream.seek(read if read < size else 0)  # smaller than before: the file was rotated
                news = stream.read(200_000)
                self.read[path] = stream.tell()
            for line in news.decode("utf8", "replace").splitlines():
                if self.is_news(path.stem, line):
                    print(f"{path.stem:>10} | {line[:160]}", flush=True)

    @staticmethod
    def is_news(name: str, line: str) -> bool:
        """Whether a line is a warning of a process, or the supervisor's report of a process that ended by itself."""
        if name == "supervisord":
            return "not expected" in line or "FATAL" in line
        return bool(_WORTH_READING.search(line))


if __name__ == "__main__":
    sys.exit(main())
