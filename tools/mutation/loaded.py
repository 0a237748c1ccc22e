"""The loaded process: project imported, tests collected, database made; forks for every mutant of a function's body.

Runs in the project's environment inside one session of pytest. In the fork the function's code object is replaced, so that all
who hold the function run the mutated body; then its tests run until one fails. What runs at import is for `fresh.py`.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = ("-q", "-s", "-p", "no:xdist", "-p", "no:playwright", "-p", "no:cacheprovider", "--timeout=0", "--hypothesis-seed=0")


def _code_of(source: str, path: str, qualname: str) -> Any:
    """The code object of one function in a text."""
    code = compile(source, path, "exec", dont_inherit=True)
    for name in qualname.split("."):
        code = next(const for const in code.co_consts if getattr(const, "co_name", None) == name)
    return code


def _function(module: str, qualname: str) -> Any:
    """The plain function under its decorators."""
    found: Any = sys.modules[module.removesuffix(".py").replace("/", ".")]
    for name in qualname.split("."):
        found = vars(found)[name]
    found = getattr(found, "fget", None) or getattr(found, "__func__", found)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    return found


def mutate(module: str, qualname: str, source: str) -> None:
    """Give the function the body that it has in the text. Raises LookupError where it is not the function of that file."""
    function = _function(module, qualname)
    if function.__code__.co_filename != str(Path(module).resolve()):
        raise LookupError("another file's function")
    function.__code__ = _code_of(source, function.__code__.co_filename, qualname)


class Serving:
    """The plugin that answers requests in the place of running the tests."""

    def __init__(self, asked: int, answers: int) -> None:
        self.asked, self.answers = os.fdopen(asked, encoding="utf8"), os.fdopen(answers, "w", encoding="utf8")
        self.files: dict[str, str] = {}
        self.at_import: set[tuple[str, int]] = set()
        self.now = self.at_import
        self.tests: dict[str, dict[str, Any]] = {}
        self.failed = ""

    def trace(self, frame: Any, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in self.files:
            return None
        self.now.add((self.files[frame.f_code.co_filename], frame.f_lineno))
        return self.trace

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = f"{report.nodeid}\n{report.longreprtext[-3000:]}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        self.order = list(self.items)
        with tempfile.TemporaryDirectory(prefix="portal-mutants-") as made:
            for line in self.asked:
                request = json.loads(line)
                began = time.monotonic()
                answer = self.learn(request) if request["do"] == "learn" else self.fork(request, Path(made))
                answer["seconds"] = time.monotonic() - began
                self.answers.write(json.dumps(answer) + "\n")
                self.answers.flush()
        return True

    def run(self, names: list[str], *, traced: bool = False) -> None:
        """Run the tests in this order until one fails. What a session sets up stays."""
        self.items[names[0]].session._setupstate.teardown_exact(self.items[names[0]])  # another was promised as the next
        after = [*names[1:], next(name for name in self.order if name != names[-1])]
        for name, following in zip(names, after, strict=True):
            item = self.items[name]
            if traced:
                self.now = self.tests.setdefault(name, {"seconds": 0.0, "lines": set()})["lines"]
            began = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=self.items[following])
            if traced:
                self.tests[name]["seconds"] = time.process_time() - began
            if self.failed:
                return

    def learn(self, request: dict[str, Any]) -> dict[str, Any]:
        """All tests once, unmutated, but for those that are `known` by an earlier run: their processor time and their lines.

        The database is made on the way and stays.
        """
        self.run(self.order[:1])  # whatever a session sets up is no matter of one test
        self.files = {str(Path(path).resolve()): path for path in request["modules"]}
        threading.settrace(self.trace)
        sys.settrace(self.trace)
        fresh = [name for name in self.order if name not in request["known"]]
        if fresh:
            self.run(fresh, traced=True)
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        gc.collect()
        gc.freeze()
        told = {name: {"seconds": seen["seconds"], "lines": sorted(seen["lines"])} for name, seen in self.tests.items()}
        return {"failed": self.failed, "tests": told, "order": self.order}

    def fork(self, request: dict[str, Any], folder: Path) -> dict[str, Any]:
        """The answer of a forked process, or that it took too long or died."""
        own = Path(tempfile.mkdtemp(dir=folder))
        pid = os.fork()
        if pid == 0:
            os.setsid()
            cpu = int(time.process_time() + request["cpu"])
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))  # a loop ends as soon on a busy machine as on an idle one
            (own / "answer").write_text(json.dumps(self.mutate_and_run(request)), encoding="utf8")
            os._exit(0)
        ends = time.monotonic() + request["limit"]
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > ends:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                break
            time.sleep(0.005)
        answer = {"failed": "the limit of time"}
        with contextlib.suppress(OSError, ValueError):
            answer = json.loads((own / "answer").read_text(encoding="utf8"))
        shutil.rmtree(own, ignore_errors=True)
        return answer

    def mutate_and_run(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            if request["module"]:
                mutate(request["module"], request["function"], request["source"])
        except Exception as error:  # noqa: BLE001 - ours, not the mutant's
            return {"failed": "", "error": f"{request['module']} {request['function']}: {type(error).__name__} {error}"}
        try:
            self.run(request["tests"])
        except BaseException as error:  # noqa: BLE001 - a mutant may raise anything
            self.failed = f"{type(error).__name__}: {error}"
        return {"failed": self.failed}


def main() -> None:
    """Serve what comes on standard input; the arguments are the tests."""
    asked, answers = os.dup(0), os.dup(1)
    sink = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(sink, number)
    os.environ["DJANGO_SETTINGS_MODULE"] = "municipality.settings.test"
    sys.exit(pytest.main([*ARGUMENTS, *sys.argv[1:]], plugins=[Serving(asked, answers)]))


if __name__ == "__main__":
    main()
