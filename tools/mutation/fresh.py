"""The fresh process: third-party packages imported, database kept; forks for every mutant. Runs in the project's environment.

Reads one JSON object a line and answers with one. The project itself is imported in the fork only, so a mutant may be anything:
a table at the top of a module, a decorator, an enumeration. In the fork `sys.meta_path` gives the mutated text; no file changes.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.machinery
import importlib.util
import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

OURS = frozenset(
    {"municipality", "payments", "zoning", "shops", "licensing", "violations", "reports", "script", "tests", "tools", "__main__"}
)
PYTEST = (
    *("-x", "-q", "-p", "no:xdist", "-p", "no:playwright", "-p", "no:cacheprovider", "--timeout=60", "--hypothesis-seed=0"),
    # What is imported already is not rewritten: true of plugins here, and of no consequence.
    *("-W", "ignore::SyntaxWarning", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
)


class _Mutated(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, source: str) -> None:
        super().__init__(fullname, path)
        self.source = source

    def get_code(self, fullname: str) -> Any:
        return compile(self.source, self.path, "exec", dont_inherit=True)


class _Finder:
    """Gives one module its mutated text."""

    def __init__(self, path: str, source: str) -> None:
        self.name, self.path, self.source = path.removesuffix(".py").replace("/", "."), str(Path(path).resolve()), source
        self.name = self.name.removesuffix(".__init__")

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=_Mutated(name, self.path, self.source))


class _Watch:
    """A plugin of pytest that keeps the first failure."""

    failed = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = f"collecting {report.nodeid}"


def _run(tests: list[str], watch: _Watch) -> int:
    """pytest's status. The fork's own folders, no bytecode of mutants, its output at `output`."""
    import hypothesis.configuration
    import pytest

    sys.dont_write_bytecode = True
    os.environ["DJANGO_SETTINGS_MODULE"] = "municipality.settings.test"
    hypothesis.configuration.set_hypothesis_home_dir(Path(os.environ["PORTAL_VAR"]) / "hypothesis")
    return int(pytest.main([*PYTEST, *tests], plugins=[watch]))


def _keep_database(path: Path) -> None:
    """After the migrations the database is copied to `path`."""
    import django.test.utils as utils

    setup = utils.setup_databases

    def keeping(*arguments: Any, **more: Any) -> Any:
        from django.db import connection

        made = setup(*arguments, **more)
        connection.ensure_connection()
        with contextlib.closing(sqlite3.connect(path)) as target:
            connection.connection.backup(target)
        return made

    utils.setup_databases = keeping


def _copied_database(path: Path) -> None:
    """In the place of the migrations the copy is read into memory."""
    import django.test.utils as utils

    def copied(*arguments: Any, **more: Any) -> list[Any]:
        from django.db import connection

        connection.close()
        connection.settings_dict["NAME"] = connection.creation._get_test_db_name()  # type: ignore[attr-defined]
        connection.ensure_connection()
        with contextlib.closing(sqlite3.connect(path)) as source:
            source.backup(connection.connection)
        return []

    utils.setup_databases = copied
    utils.teardown_databases = lambda *arguments, **more: None


def _learn(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A test with a database, unmutated: what it imports, and the database after the migrations."""
    watch = _Watch()
    _keep_database(folder / "template.sqlite3")
    status = _run(request["tests"], watch)
    names = [name for name in sys.modules if name.partition(".")[0] not in OURS]
    return {"failed": watch.failed or _status(status), "names": names}


def _try(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    watch = _Watch()
    if request["module"]:
        sys.meta_path.insert(0, _Finder(request["module"], request["source"]))  # type: ignore[arg-type]
    _copied_database(folder / "template.sqlite3")
    return {"failed": _status(_run(request["tests"], watch)) and (watch.failed or "pytest itself")}


def _status(status: int) -> str:
    return f"pytest ended with {status}" if status else ""


def _in_fork(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The answer of a forked process, or that it took too long or died."""
    own = Path(tempfile.mkdtemp(dir=folder))
    pid = os.fork()
    if pid == 0:
        os.setsid()
        cpu = int(time.process_time() + request["cpu"])
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
        os.environ["PORTAL_VAR"] = str(own / "var")
        sink = os.open(own / "output", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        try:
            answer = {"learn": _learn, "try": _try}[request["do"]](request, folder)
        except BaseException as error:  # noqa: BLE001 - a mutant may raise anything, at import as well
            answer = {"failed": f"{type(error).__name__} before the tests"}
        (own / "answer").write_text(json.dumps(answer), encoding="utf8")
        os._exit(0)
    ends = time.monotonic() + request["limit"]
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > ends:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            break
        time.sleep(0.02)
    answer = {"failed": "the limit of time"}
    with contextlib.suppress(OSError, ValueError):
        answer = json.loads((own / "answer").read_text(encoding="utf8"))
    shutil.rmtree(own, ignore_errors=True)
    return answer


def _warm(names: list[str]) -> None:
    for name in names:
        with contextlib.suppress(Exception):  # what asks for Django's settings is imported in the fork
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve requests until the input ends."""
    with tempfile.TemporaryDirectory(prefix="portal-mutants-") as made:
        for line in sys.stdin:
            request = json.loads(line)
            began = time.monotonic()
            if request["do"] == "warm":
                _warm(request["names"])
                answer: dict[str, Any] = {}
            else:
                answer = _in_fork(request, Path(made))
            answer["seconds"] = time.monotonic() - began
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
