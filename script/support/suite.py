"""`script/test`: all checks and tests, on real servers if they are available. The last line has the totals."""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree  # files that pytest itself wrote
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from script.support import environment, programs, services
from script.support.environment import ROOT
from script.support.processes import clean_environment
from script.support.say import Stop, step

VENV = ROOT / ".venv"
FOLDER = ROOT / "var" / "test"
IN_PROCESS = "not stack and not browser and not postgres and not redis and not chaos"
FAST = f"{IN_PROCESS} and not slow and not whole"
# On the next Django the quick tests of guards run on SQLite, with --next all quick tests. Slow tests are slow for their size, not for
# what they call, and run on PostgreSQL only.
NEXT_DJANGO = f"{IN_PROCESS} and not slow and (guards or not whole)"
GUARDS = ("-m", f"guards and {IN_PROCESS} and not slow", "--only-marked", "guards")
# Journeys run on SQLite as well, each in one variant only: language, width and scripts do not depend on the database.
JOURNEYS = ("-m", "journey and not gate", "--only-marked", "journey", "--one-form")
# The tests of a file stay together, since they share fixtures (see tests/conftest.py). Tests that start or kill processes are a pass of
# their own: they mostly wait, so it uses one process more than there are cores; and the browser's driver runs an event loop in its
# thread, in which documents cannot be sealed.
PARALLEL = ("-n", "auto", "--dist", "loadscope", "--no-loadscope-reorder")
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# A portal of their own is made ready within the time of the first test.
WAITING = ("-n", str(min(CORES + 1, 6)), "--dist", "loadscope", "--no-loadscope-reorder", "--timeout=900")
ALONE = "stack or browser or chaos"
# A test of that pass runs once more where Playwright itself gave up ("TimeoutError: Page.goto: …"), never where an assertion failed, nor
# where another library's error has the same name. The last lines name each such test.
AGAIN = ("--reruns", "1", "--only-rerun", r"^(Timeout)?Error: [A-Z]\w+\.\w+: ", "--rerun-except", "^AssertionError")
# Reasons of skips that are not counted: the test belongs to the other database, on which another pass runs it.
_FITTING_SKIP = {
    "postgres": re.compile(r"only on SQLite|PostgreSQL has no", re.I),
    "sqlite": re.compile(r"only on PostgreSQL|needs PostgreSQL|SQLite has no|a memory database has", re.I),
}


@dataclass
class Tally:
    """The numbers of passed, failed and skipped tests over all steps."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)  # tests that ran twice; each counts once

    def left_out(self, name: str, reason: str) -> None:
        self.skipped += 1
        self.reasons.append(f"{name}: {reason}")


@dataclass
class Pass:
    """One pass of the suite that needs no server, and its result."""

    name: str
    text: str
    arguments: tuple[str, ...]
    venv: Path = VENV
    code: int = 0
    seconds: float = 0.0


@dataclass
class Run:
    """One call of the command: its options, servers and totals."""

    fast: bool
    only: str | None
    extra: list[str]
    next: bool = False  # all quick tests on the next Django, not only guards and journeys
    tally: Tally = field(default_factory=Tally)
    servers: dict[str, str] = field(default_factory=dict)
    quiet: list[subprocess.Popen[bytes]] = field(default_factory=list)  # processes in the background
    stopped: threading.Event = field(default_factory=threading.Event)

    def heading(self, name: str, text: str) -> bool:
        """Print the heading of a step; False if `--only` names another. The parts of a step share its first word."""
        if self.only and self.only != name.partition("-")[0]:
            return False
        print(f"\n--- {name}: {text}", flush=True)
        return True

    def check(self, name: str, text: str, *commands: list[str]) -> None:
        """Run commands, each of which counts as one test."""
        if not self.heading(name, text):
            return
        began = time.monotonic()
        for command in commands:
            done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, env=self.surroundings())
            if done.returncode:
                self.tally.failed += 1
                self.tally.broken.append(f"{name} ({' '.join(Path(part).name for part in command[:3])})")
            else:
                self.tally.passed += 1
        print(f"    {name} took {time.monotonic() - began:.1f} s", flush=True)

    def surroundings(self) -> dict[str, str]:
        # Where a shell forbids bytecode, each of the hundreds of processes would compile Django anew.
        bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(FOLDER / "bytecode")}
        return clean_environment() | bytecode | {"DJANGO_SETTINGS_MODULE": "municipality.settings.test", "PYTHONUNBUFFERED": "1"}

    def pytest(self, name: str, text: str, *arguments: str, venv: Path = VENV, servers: dict[str, str] | None = None) -> None:
        """Run the suite once and add its report to the tally."""
        if not self.heading(name, text):
            return
        began = time.monotonic()
        code = subprocess.run(
            self._command(name, arguments, venv), cwd=ROOT, stdin=subprocess.DEVNULL, env=self.surroundings() | (servers or {})
        )
        self._add(name, FOLDER / f"{name}.xml", code.returncode)
        print(f"    {name} took {time.monotonic() - began:.1f} s", flush=True)

    def _command(self, name: str, arguments: tuple[str, ...], venv: Path) -> list[str]:
        report = FOLDER / f"{name}.xml"
        report.unlink(missing_ok=True)
        options = ["-q", "--no-header", f"--junitxml={report}"]
        return [str(environment.binary(venv, "python")), "-m", "pytest", *options, *arguments, *self.extra]

    @contextlib.contextmanager
    def beside(self, *passes: Pass) -> Iterator[None]:
        """Run passes of the suite in the background, one after the other at a low priority and with a long timeout, while the block
        runs; their output is printed at the end.
        """
        selected = [suite_pass for suite_pass in passes if not self.only or self.only == suite_pass.name.partition("-")[0]]
        thread = threading.Thread(target=self._quietly, args=selected)
        thread.start()
        try:
            yield
        except BaseException:
            self.stopped.set()
            for process in self.quiet:
                process.terminate()
            raise
        finally:
            thread.join()
        for suite_pass in selected:
            self.heading(suite_pass.name, suite_pass.text)
            print((FOLDER / f"{suite_pass.name}.log").read_text(encoding="utf8", errors="replace"), end="", flush=True)
            self._add(suite_pass.name, FOLDER / f"{suite_pass.name}.xml", suite_pass.code)
            print(f"    {suite_pass.name} took {suite_pass.seconds:.1f} s beside the others", flush=True)

    def _quietly(self, *passes: Pass) -> None:
        for suite_pass in passes:
            if self.stopped.is_set():
                return
            began = time.monotonic()
            command = ["nice", "-n", "10", *self._command(suite_pass.name, ("--timeout=3000", *suite_pass.arguments), suite_pass.venv)]
            with (FOLDER / f"{suite_pass.name}.log").open("wb") as log:
                process = subprocess.Popen(
                    command, cwd=ROOT, env=self.surroundings(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
                )
                self.quiet.append(process)
                if self.stopped.is_set():  # meanwhile
                    process.terminate()
                suite_pass.code = process.wait()
            suite_pass.seconds = time.monotonic() - began

    def _add(self, name: str, report: Path, code: int) -> None:
        if not report.exists():
            self.tally.failed += 1
            self.tally.broken.append(f"{name} (pytest ended with {code} and no report)")
            return
        before = self.tally.failed
        fitting = _FITTING_SKIP["postgres" if name.startswith("postgres") else "sqlite"]
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))  # noqa: S314
        again = {_address(case) for case in cases if _is_second(case)}
        self.tally.again += [f"{name}: {address}" for address in sorted(again)]
        for case in (case for case in cases if _is_second(case) or _address(case) not in again):  # the last run counts
            skipped = case.find("skipped")
            reason = next((element for element in map(case.find, ("failure", "error")) if element is not None), None)
            if reason is not None:
                self.tally.failed += 1
                sentence = " ".join(reason.get("message", "").split())[:200]
                self.tally.broken.append(f"{name}: {_address(case)}: {sentence}")
            elif skipped is None:
                self.tally.passed += 1
            elif skipped.get("type") != "pytest.xfail" and not fitting.search(skipped.get("message", "")):
                self.tally.left_out(f"{name}, {case.get('name')}", skipped.get("message", ""))
        if code == 5:
            print(f"    no test belongs to {name}")
        elif code and self.tally.failed == before:
            self.tally.failed += 1
            self.tally.broken.append(f"{name} (pytest ended with {code})")


def _address(case: ElementTree.Element) -> str:
    return f"{case.get('classname')}::{case.get('name')}"


def _is_second(case: ElementTree.Element) -> bool:
    """Whether a case of the report is the second run of its test (tests/conftest.py notes it)."""
    return case.find("properties/property[@name='runs']") is not None


def main() -> int:
    """Returns 0 if everything passed; with CI=true only if nothing was skipped either."""
    run = _arguments()
    began = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        _environment(run)
        with contextlib.ExitStack() as servers:
            _everything(run, servers)
    except Stop as refusal:
        print(refusal.sentence, file=sys.stderr)
        run.tally.failed += 1
        run.tally.broken.append("setting up")
    except KeyboardInterrupt:
        run.tally.failed += 1
        run.tally.broken.append("stopped before the end")
    return _close(run, time.monotonic() - began)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _arguments() -> Run:
    arguments, extra = sys.argv[1:], []
    if "--" in arguments:
        arguments, extra = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    parser = argparse.ArgumentParser(
        prog="script/test", description="Sets the tests up and runs them. After -- come pytest's own arguments."
    )
    parser.add_argument("--fast", action="store_true", help="what needs nothing but Python, in some minutes")
    parser.add_argument("--next", action="store_true", help="on the next Django also all that is quick, not guards and journeys alone")
    names = ("style", "types", "imports", "migrations", "translations", "fast", "postgres", "sqlite", "django61")
    parser.add_argument("--only", metavar="STEP", choices=names, help=f"one step: {', '.join(names)}")
    options = parser.parse_args(arguments)
    return Run(fast=options.fast or options.only == "fast", only=options.only, extra=extra, next=options.next)


def _environment(run: Run) -> None:
    print("The tests of the portal", flush=True)
    with step("Python packages for tests") as current:
        environment.ensure(ROOT / "requirements-dev.txt", current, log=FOLDER / "setup.log")
        current.note = current.note or f"Python {platform.python_version()}, unchanged"
    environment.compile_translations()
    if not run.fast and run.only in (None, "postgres", "django61", "sqlite"):
        programs.install(FOLDER / "setup.log")


def _everything(run: Run, servers: contextlib.ExitStack) -> None:
    python, ruff = str(environment.binary(VENV, "python")), str(environment.binary(VENV, "ruff"))
    manage = [python, "manage.py"]
    run.check("translations", "complete", [python, "-m", "script.support.translations", "--check"])
    templates = [str(environment.binary(VENV, "djlint")), "--lint", "--quiet", "templates"]
    run.check("style", "ruff and djLint", [ruff, "check", "--quiet", "."], [ruff, "format", "--check", "--quiet", "."], templates)
    run.check("imports", "the import contracts", [str(environment.binary(VENV, "lint-imports")), "--no-cache"])
    run.check("migrations", "none is missing", [*manage, "makemigrations", "--check", "--dry-run"])
    if run.fast:
        run.pytest("fast", "what needs nothing but Python", *PARALLEL, "--leave-whole", "-m", FAST)
        return
    run.check("types", "mypy", [python, "-m", "mypy"])
    next_django = _next_django(run)
    if next_django is not None:
        text = f"{'what is quick' if run.next else 'guards'} on SQLite and Django 6.1, warnings as errors"
        guards = Pass("django61", text, (*PARALLEL, *(("-m", NEXT_DJANGO) if run.next else GUARDS)), venv=next_django)
    else:
        guards = Pass("sqlite", "guards on SQLite", (*PARALLEL, *GUARDS))
    alone = _suite_on_postgres(run, servers)
    with run.beside(guards):
        alone()
    if next_django is not None:
        run.pytest("django61-journeys", "journeys on SQLite and Django 6.1", *WAITING, *JOURNEYS, venv=next_django)
    else:
        run.pytest("sqlite-journeys", "journeys on SQLite", *WAITING, *JOURNEYS)


def _suite_on_postgres(run: Run, servers: contextlib.ExitStack) -> Callable[[], None]:
    """Run the tests in one process; returns the pass of tests with real processes, to be run later."""
    name = "postgres"
    if run.only not in (None, name):
        return lambda: None
    selection = ""
    try:
        run.servers["DATABASE_URL"] = os.environ.get("DATABASE_URL") or servers.enter_context(services.postgres())
    except services.Unavailable as reason:
        run.tally.left_out(name, f"{reason}; install PostgreSQL or set DATABASE_URL")
        selection = FAST
    try:
        redis = os.environ.get("REDIS_URL"), os.environ.get("CACHE_URL")
        run.servers["REDIS_URL"] = redis[0] or servers.enter_context(services.redis(policy="noeviction", append_only=True))
        run.servers["CACHE_URL"] = redis[1] or servers.enter_context(services.redis(policy="allkeys-lru", append_only=False))
    except services.Unavailable as reason:
        run.tally.left_out(name, f"{reason}; install Redis or set REDIS_URL and CACHE_URL")
        selection = selection or "not redis and not stack and not chaos"
    if programs.browser() is None:
        run.tally.left_out("browser", "no Chromium was found; install the package chromium")
        selection = f"({selection}) and not browser" if selection else "not browser"
    condition = f" and ({selection})" if selection else ""
    run.pytest(name, "the suite on PostgreSQL and Redis", *PARALLEL, "-m", f"not ({ALONE}){condition}", servers=run.servers)
    arguments = (*WAITING, *AGAIN, "--only-marked", ALONE, "-m", f"({ALONE}){condition}")
    return lambda: run.pytest(f"{name}-alone", "real processes, a real browser, faults", *arguments, servers=run.servers)


def _next_django(run: Run) -> Path | None:
    """The environment with the newest Django 6.1, on which guards and journeys run on SQLite; None if it is not available, so that
    they run on the pinned Django, as the journeys on PostgreSQL do.
    """
    if run.only not in (None, "django61"):
        return None
    if tuple(map(int, platform.python_version_tuple()[:2])) < (3, 12):
        run.tally.left_out("django61", f"Django 6.1 needs Python 3.12, the newest here is {platform.python_version()}")
        return None
    venv = ROOT / ".venv-django61"
    with step("Python packages with Django 6.1") as current:
        environment.ensure_loose(_with_next_django(), current, venv=venv, log=FOLDER / "setup.log")
    return venv


def _with_next_django() -> Path:
    """The pinned packages with Django replaced by the newest 6.1."""
    lines = []
    for line in (ROOT / "requirements-dev.txt").read_text(encoding="utf8").splitlines():
        pin = line.partition("\\")[0].strip()
        if re.match(r"[a-z0-9]", pin) and not re.match(r"(django|django-stubs|django-stubs-ext|mypy)==", pin):
            lines.append(pin)
    path = FOLDER / "requirements-django61.txt"
    path.write_text("\n".join(["django>=6.1,<6.2", *lines]) + "\n", encoding="utf8")
    return path


def _close(run: Run, seconds: float) -> int:
    tally = run.tally
    strict = os.environ.get("CI", "").lower() in ("true", "1")
    print("\n--- result")
    for line in tally.broken[:60]:
        print(f"    failed: {line}")
    for line in tally.reasons[:60]:
        print(f"    skipped: {line}")
    for line in tally.again[:60]:
        print(f"    ran twice: {line}")
    if tally.again:
        print(f"    {len(tally.again)} ran twice, since the browser gave up the first time")
    if strict and tally.reasons:
        print(f"    CI=true: {len(tally.reasons)} skipped count as failed")
        tally.failed, tally.skipped = tally.failed + tally.skipped, 0
    skipped = f", {tally.skipped} skipped" if tally.skipped else ""
    print(f"===== {tally.passed} passed, {tally.failed} failed{skipped} in {seconds:.1f}s =====", flush=True)
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
