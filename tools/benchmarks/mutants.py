"""Whether the tests notice slips in the code that decides about money: mutation testing (docs/mutation.md).

cosmic-ray makes the mutants in an environment of its own; two warm processes fork for each. SQLite in memory, one process at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from script.support import environment
from script.support.environment import ROOT
from script.support.processes import clean_environment
from script.support.say import step
from tools.benchmarks import tables
from tools.mutation import figures
from tools.stack.running import Servers

HOME = ROOT / "var" / "mutants"
TOOL = ROOT / ".venv-mutants"
PAGE = ROOT / "docs" / "mutation.md"
# The most dangerous first.
ORDER = (
    *("payments/rules.py", "payments/providers/knet/codec.py", "payments/providers/knet/messages.py"),
    *(f"payments/services/{name}.py" for name in ("settlement", "inquiries", "callbacks", "attempts", "ledger", "refunds", "returns")),
    *(f"payments/services/{name}.py" for name in ("reconciliation", "reviews", "differences", "basket")),
    *(f"payments/services/{name}.py" for name in ("bills", "receipts", "roles", "messages")),
    *(f"payments/providers/knet/{name}.py" for name in ("gateway", "client", "settings", "errors")),
)
# Modules without a decision: names that are handed on.
EMPTY = ("payments/services/__init__.py", "payments/providers/knet/__init__.py")
TESTS = (
    *("tests/payments/services", "tests/payments/providers", "tests/payments/statements", "tests/payments/views"),
    *("tests/payments/test_rules.py", "tests/payments/test_admin.py", "tests/payments/test_admin_acts.py"),
    "tests/payments/test_admin_reconciliation.py",
)
MADE = (".git", ".venv*", "var", "__pycache__", ".*_cache", ".hypothesis")


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench mutants [MODULE…]`. Returns 1 where less than nine in ten are killed."""
    parser = argparse.ArgumentParser(prog="script/bench mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="only modules whose path holds one of these")
    parser.add_argument("--kind", choices=["body", "import"], help="only bodies of functions, or only what runs at import")
    parser.add_argument("--sample", type=int, metavar="N", help="N mutants of each module and kind, drawn by the seed")
    parser.add_argument("--enough", type=float, default=4.0, metavar="S", help="seconds of tests that a mutant is shown to (4)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="ask once more about what was alive")
    parser.add_argument("--on", action="store_true", help="go on where a run stopped")
    parser.add_argument("--list", action="store_true", help="ask about none; list what is alive and the table of the last run")
    parser.add_argument("--write", action="store_true", help="put the table into docs/mutation.md")
    options = parser.parse_args(arguments)
    modules = [module for module in ORDER if not options.modules or any(part in module for part in options.modules)]
    HOME.mkdir(parents=True, exist_ok=True)
    verdicts = HOME / "verdicts.jsonl"
    with step("cosmic-ray") as current:
        environment.ensure(ROOT / "tools/mutation/tool.txt", current, venv=TOOL, log=HOME / "setup.log")
    plan = {
        "python": str(environment.binary(ROOT / ".venv", "python")),
        "modules": modules,
        "every": list(ORDER),
        "tests": list(TESTS),
        "enough": options.enough,
        "verdicts": str(verdicts),
        "learnt": str(HOME / "learnt.json"),
        "sizes": str(HOME / "sizes.json"),
        "log": str(HOME / "warm.log"),
        "again": options.again,
        "sample": options.sample,
        "seed": options.seed,
        "kinds": [] if options.list else [options.kind] if options.kind else ["body", "import"],
    }
    if not (options.again or options.on or options.list):
        verdicts.unlink(missing_ok=True)
    _drive(plan)
    return _report(verdicts, json.loads((HOME / "sizes.json").read_text(encoding="utf8")), write=options.write)


def _drive(plan: dict[str, Any]) -> None:
    """In a copy, so that whoever goes on working here does not change what is measured."""
    copy = HOME / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*MADE))
    (HOME / "plan.json").write_text(json.dumps(plan), encoding="utf8")
    surroundings = clean_environment() | {"PYTHONPATH": str(copy)}
    surroundings.pop("PORTAL_VAR", None)
    command = [str(environment.binary(TOOL, "python")), "-m", "tools.mutation.drive", str(HOME / "plan.json")]
    subprocess.run(command, cwd=copy, env=surroundings, check=True, preexec_fn=lambda: os.nice(max(0, 10 - os.nice(0))))


def _report(path: Path, sizes: dict[str, dict[str, str]], *, write: bool) -> int:
    """`sizes` holds the mutants that exist now: verdicts on earlier text of a module do not count."""
    latest = {verdict["key"]: verdict for verdict in map(json.loads, path.read_text(encoding="utf8").splitlines())}
    told = [verdict for key, verdict in latest.items() if key in sizes.get(verdict["module"], ())]
    listed = figures.listed()
    for verdict in sorted(told, key=lambda verdict: (verdict["module"], verdict["line"])):
        is_listed = figures.name_of(verdict) in listed
        if not verdict["killed"] and not is_listed:
            print(f"alive: {verdict['module']}:{verdict['line']} {verdict['operator']}: {verdict['was']}  =>  {verdict['becomes']}")
        if verdict["killed"] and is_listed:
            print(f"killed, so not equivalent: {verdict['module']}:{verdict['line']} {verdict['operator']} (by {verdict['by']})")
    rows = figures.rows(told, sizes, listed)
    tables.publish("mutants", tables.table(figures.HEADS, rows), write=write, path=PAGE)
    killed = sum(verdict["killed"] for verdict in told)
    spared = sum(not verdict["killed"] and figures.name_of(verdict) in listed for verdict in told)
    return 0 if killed >= 0.9 * (len(told) - spared) else 1
