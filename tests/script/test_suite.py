"""`script/test` counts honestly: what failed, what was left out, and what CI must not let pass."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from script.support import suite
from script.support.suite import Pass, Run

REPORT = """<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="a" name="passes"/>
<testcase classname="a" name="fails"><failure message="1 is&#10; not 2"/></testcase>
<testcase classname="a" name="breaks"><error message="no"/></testcase>
<testcase classname="a" name="other_database"><skipped type="pytest.skip" message="{reason}"/></testcase>
<testcase classname="a" name="left_out"><skipped type="pytest.skip" message="no browser"/></testcase>
<testcase classname="a" name="expected"><skipped type="pytest.xfail" message=""/></testcase>
</testsuite></testsuites>"""


def counted(tmp_path: Path, name: str, reason: str, code: int = 1) -> Run:
    run = Run(fast=False, only=None, extra=[])
    report = tmp_path / "report.xml"
    report.write_text(REPORT.format(reason=reason), encoding="utf8")
    run._add(name, report, code)
    return run


def test_failures_errors_and_skips_are_counted_apart(tmp_path: Path) -> None:
    tally = counted(tmp_path, "sqlite", "only on PostgreSQL").tally
    assert (tally.passed, tally.failed, tally.skipped) == (1, 2, 1)
    assert tally.reasons == ["sqlite, left_out: no browser"]
    assert tally.broken == ["sqlite: a::fails: 1 is not 2", "sqlite: a::breaks: no"]


def test_a_test_that_needs_postgresql_may_not_be_skipped_on_postgresql(tmp_path: Path) -> None:
    tally = counted(tmp_path, "postgres", "only on PostgreSQL").tally
    assert tally.skipped == 2


def test_a_test_that_ran_twice_counts_once_by_its_second_run_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = '<properties><property name="runs" value="2"/></properties>'
    cases = f"""<testcase classname="a" name="passes"/>
    <testcase classname="a" name="recovers"/><testcase classname="a" name="recovers">{second}</testcase>
    <testcase classname="a" name="fails"/><testcase classname="a" name="fails">{second}<failure message="again"/></testcase>"""
    (tmp_path / "report.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>", encoding="utf8")
    run = Run(fast=False, only=None, extra=[])
    run._add("postgres-alone", tmp_path / "report.xml", 1)
    assert (run.tally.passed, run.tally.failed) == (2, 1)
    suite._close(run, 1.0)
    lines = capsys.readouterr().out.splitlines()
    assert "    ran twice: postgres-alone: a::recovers" in lines and any("2 ran twice" in line for line in lines)
    assert lines[-1] == "===== 2 passed, 1 failed in 1.0s ====="


@pytest.mark.parametrize(
    ("raised", "runs"),
    [
        ("playwright.Error('Page.goto: Timeout 30000ms exceeded.')", 2),
        ("AssertionError() from playwright.Error('Page.goto: Timeout 30000ms exceeded.')", 1),
        ("AssertionError('TimeoutError: Page.goto: Timeout')", 1),
        ("TimeoutError('no port')", 1),
    ],
)
def test_only_what_playwright_gave_up_runs_again(raised: str, runs: int, tmp_path: Path) -> None:
    """pytest and its plugin themselves, in a folder with nothing but one test."""
    code = f"""
        from pathlib import Path
        import playwright.sync_api as playwright

        def test_the_browser_gives_up():
            with Path({str(tmp_path / "runs")!r}).open("a") as file:
                file.write("x")
            raise {raised}
    """
    (tmp_path / "test_one.py").write_text(textwrap.dedent(code), encoding="utf8")
    options = ["-q", "-c", "/dev/null", "--rootdir", ".", "-p", "no:django", "-p", "no:xdist", "-p", "no:cacheprovider"]
    done = subprocess.run([sys.executable, "-m", "pytest", *options, *suite.AGAIN, "."], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert len((tmp_path / "runs").read_text(encoding="utf8")) == runs


def test_processes_keep_bytecode_even_where_the_shell_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    command = [sys.executable, "-c", "import sys; print(sys.dont_write_bytecode, sys.pycache_prefix)"]
    said = subprocess.check_output(command, env=Run(fast=False, only=None, extra=[]).surroundings(), text=True)
    assert said.split() == ["False", str(suite.FOLDER / "bytecode")]


@pytest.mark.parametrize("mark", ["guards", "journey"])
def test_the_marks_of_passes_that_read_only_marked_files_stand_in_the_files_of_tests(mark: str, root: Path) -> None:
    """Else --only-marked would leave out tests that have the mark from elsewhere."""
    helpers = [path for path in (root / "tests").rglob("*.py") if not path.match("test_*.py")]
    assert len(helpers) > 50
    assert [path for path in helpers if f"mark.{mark}" in path.read_text(encoding="utf8")] == []


def test_a_run_without_a_report_has_failed(tmp_path: Path) -> None:
    run = Run(fast=False, only=None, extra=[])
    run._add("postgres", tmp_path / "none.xml", 3)
    assert run.tally.failed == 1


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_with_ci_a_skip_is_a_failure(ci: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CI", ci)
    run = Run(fast=False, only=None, extra=[])
    run.tally.passed = 5
    run.tally.left_out("browser", "no Chromium was found")
    assert suite._close(run, 12.34) == code
    lines = capsys.readouterr().out.strip().splitlines()
    assert any("skipped: browser: no Chromium was found" in line for line in lines)
    assert re.fullmatch(r"===== 5 passed, (0 failed, 1 skipped|1 failed) in 12\.3s =====", lines[-1])


def test_a_run_that_tested_nothing_has_failed(capsys: pytest.CaptureFixture[str]) -> None:
    assert suite._close(Run(fast=True, only=None, extra=[]), 1.0) == 1


def test_the_next_django_replaces_the_pinned_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(suite, "FOLDER", tmp_path)
    lines = suite._with_next_django().read_text(encoding="utf8").splitlines()
    assert lines[0] == "django>=6.1,<6.2"
    assert not [line for line in lines[1:] if line.startswith("django==")]
    assert any(line.startswith("celery==") for line in lines)


def beside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> tuple[Run, Pass]:
    """A run whose passes are a line of Python instead of the suite."""
    monkeypatch.setattr(suite, "FOLDER", tmp_path)
    monkeypatch.setattr(Run, "_command", lambda self, name, arguments, venv: [sys.executable, "-c", code])
    return Run(fast=False, only=None, extra=[]), Pass("sqlite", "beside", ())


def test_a_pass_beside_another_is_counted_and_what_it_said_is_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = REPORT.format(reason="only on PostgreSQL")
    code = f"import pathlib; pathlib.Path({str(tmp_path / 'sqlite.xml')!r}).write_text({text!r}); print('it said'); raise SystemExit(1)"
    run, one = beside(monkeypatch, tmp_path, code)
    with run.beside(one):
        pass
    assert (run.tally.passed, run.tally.failed) == (1, 2) and "it said" in capsys.readouterr().out


def test_a_pass_beside_one_that_breaks_off_is_ended_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run, one = beside(monkeypatch, tmp_path, "import time; time.sleep(60)")

    def breaks_off() -> None:
        with run.beside(one, Pass("django61", "never begun", ())):
            while not run.quiet:
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        breaks_off()
    assert [process.returncode for process in run.quiet] == [-signal.SIGTERM] and one.seconds < 30
