"""Asks the warm processes about every mutant, and keeps each verdict at once. Runs in the tool's environment, in a copy of the project.

`drive.py PLAN`, with PLAN a JSON file: `python` (of the project), `every` and `modules` (paths, all and those to ask about), `tests`
(for pytest), `enough` (seconds of tests that a mutant is shown to), `verdicts` (a file of JSON lines that is added to), `learnt`,
`sizes` and `log` (files that are written), `again` (ask about earlier survivors only), `sample` (so many of each module and kind, or null),
`seed`, and `kinds` (`body`, `import` or both; none writes `sizes` only).
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from tools.mutation import slips

# A mutant may loop for ever: so many times the seconds of its tests and so many seconds more, of the processor and by the clock.
CPU, WALL = (3, 6), (20, 60)
BROKEN = 'raise RuntimeError("a mutant that every test sees")\n'


class Warm:
    """A warm process at the other end of two pipes."""

    def __init__(self, command: list[str], log: TextIO) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf8")

    def ask(self, **request: Any) -> dict[str, Any]:
        """Its answer. Raises SystemExit where it has died or could not make the mutant."""
        if self.process.stdin is None or self.process.stdout is None:
            raise SystemExit("the warm process has no pipes")
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("the warm process has ended")
        found = dict(json.loads(answer))
        if found.get("error"):
            raise SystemExit(found["error"])
        return found


class Tests:
    """Which tests run which line, by a run of all of them."""

    def __init__(self, told: dict[str, Any], enough: float) -> None:
        self.enough = enough
        self.seconds = {name: float(seen["seconds"]) for name, seen in told.items()}
        self.lines = {name: {(module, line) for module, line in seen["lines"]} for name, seen in told.items()}
        self.modules = {name: {module for module, _ in lines} for name, lines in self.lines.items()}

    def of(self, slip: slips.Slip) -> list[str]:
        """Those that run its statement (its module, where it runs at import): the module's own tests first, then the quick.

        Not more than `enough` seconds of the unmutated run: whatever would come after them is not asked, and the mutant counts as alive.
        """
        own = f"test_{Path(slip.module).stem}.py"
        if slip.function:
            reached = {(slip.module, line) for line in range(slip.first, slip.last + 1)}
            found = [name for name, lines in self.lines.items() if lines & reached]
        else:  # what a class is made of may be looked at without running a line of the module
            found = [name for name, modules in self.modules.items() if slip.module in modules or own in name]
        found.sort(key=lambda name: (own not in name, self.seconds[name]))
        kept: list[str] = []
        spent = 0.0
        for name in found:
            spent += self.seconds[name]
            if kept and spent > self.enough:
                break
            kept.append(name)
        return kept


def verdicts(path: Path) -> dict[str, dict[str, Any]]:
    """The last verdict on each mutant."""
    found: dict[str, dict[str, Any]] = {}
    if path.exists():
        for line in path.read_text(encoding="utf8").splitlines():
            verdict = json.loads(line)
            found[verdict["key"]] = verdict
    return found


def _stamps() -> dict[str, str]:
    """File of tests → what it and everything that is no test's file say."""
    ours = ("tools/mutation/", "tests/tools/mutation/", "tools/benchmarks/", "tests/tools/benchmarks/")  # the measure, not what it measures
    files = {path: path.read_bytes() for path in sorted(Path().rglob("*.py")) if not str(path).startswith(ours)}
    beside = hashlib.sha256(b"".join(text for path, text in files.items() if not path.name.startswith("test_"))).hexdigest()
    return {str(path): hashlib.sha256(beside.encode() + text).hexdigest() for path, text in files.items() if path.name.startswith("test_")}


class Run:
    """One walk through the plan with its two warm processes; the second is started when it is needed."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.path = Path(plan["verdicts"])
        self.known = verdicts(self.path)
        self.log = Path(plan["log"]).open("w", encoding="utf8")  # noqa: SIM115 - as long as the run
        self.loaded = Warm([plan["python"], "-m", "tools.mutation.loaded", *plan["tests"]], self.log)
        self.tests = self.learn()
        self.killers: dict[tuple[str, str], list[str]] = {}
        self._fresh: Warm | None = None

    def learn(self) -> Tests:
        """What every test runs; known already where neither its file nor anything beside the tests has changed."""
        kept, stamps = Path(self.plan["learnt"]), _stamps()
        before = json.loads(kept.read_text(encoding="utf8")) if kept.exists() else {}
        known = {name: seen for name, seen in before.items() if seen["stamp"] == stamps.get(name.partition("::")[0])}
        learnt = self.loaded.ask(do="learn", modules=self.plan["every"], known=sorted(known))
        if learnt["failed"]:
            raise SystemExit(f"Unmutated, a test fails: {learnt['failed']}")
        for seen in learnt["tests"].values():
            seen["stamp"] = ""
        told = {name: learnt["tests"].get(name) or known[name] for name in learnt["order"]}
        for name, seen in told.items():
            seen["stamp"] = stamps[name.partition("::")[0]]
        kept.write_text(json.dumps(told), encoding="utf8")
        print(f"{len(learnt['tests'])} of {len(told)} tests pass unmutated, {learnt['seconds']:.0f} s; the others did before", flush=True)
        return Tests(told, self.plan["enough"])

    def control(self) -> None:
        """Unmutated, the tests pass in a fork too, and in another order: else mutants seem killed that are not. Each once."""
        kept = Path(self.plan["learnt"])
        told = json.loads(kept.read_text(encoding="utf8"))
        names = sorted((name for name, seen in told.items() if not seen.get("controlled")), key=lambda name: told[name]["seconds"])
        if names:
            answer = self.loaded.ask(do="try", module="", function="", source="", tests=names, cpu=900, limit=1800)
            if answer["failed"]:
                raise SystemExit(f"Unmutated, a test fails in the fork: {answer['failed']}")
        for seen in told.values():
            seen["controlled"] = True
        kept.write_text(json.dumps(told), encoding="utf8")
        print(f"control: {len(names)} tests pass unmutated in a fork", flush=True)

    def fresh(self) -> Warm:
        """The process that imports the project for each mutant, after two controls: unmutated all passes, a broken module is noticed."""
        if self._fresh is None:
            self._fresh = Warm([self.plan["python"], "-m", "tools.mutation.fresh"], self.log)
            learnt = self._fresh.ask(do="learn", tests=list(self.tests.seconds)[:1], cpu=900, limit=1800)
            if learnt["failed"]:
                raise SystemExit(f"Unmutated, a test fails in a fresh import: {learnt['failed']}")
            self._fresh.ask(do="warm", names=learnt["names"])
            some = list(self.tests.seconds)[::10]
            clean = self._fresh.ask(do="try", module="", source="", tests=some, cpu=900, limit=1800)
            broken = self._fresh.ask(do="try", module=self.plan["modules"][0], source=BROKEN, tests=some[:2], cpu=60, limit=600)
            if clean["failed"] or not broken["failed"]:
                raise SystemExit(f"The controls of the fresh import failed: {clean['failed'] or 'a broken module is not noticed'}")
        return self._fresh

    def wanted(self, every: list[slips.Slip], kind: str) -> list[slips.Slip]:
        """The mutants of a module that this walk asks about: of bodies, or of what runs at import."""
        plan, every = self.plan, [slip for slip in every if slip.kind == kind]
        if plan["sample"] and plan["sample"] < len(every):
            every = random.Random(f"{plan['seed']}:{every[0].module}:{kind}").sample(every, plan["sample"])  # noqa: S311  # the same for the same seed
        if plan["again"]:
            return [slip for slip in every if not self.known.get(slip.key, {"killed": True})["killed"]]
        return [slip for slip in every if slip.key not in self.known]

    def judge(self, slip: slips.Slip) -> dict[str, Any]:
        """The verdict on one mutant."""
        names = self.tests.of(slip)
        before = self.killers.setdefault((slip.module, slip.function), [])
        names.sort(key=lambda name: before.index(name) if name in before else len(before))
        answer: dict[str, Any] = {"failed": "", "seconds": 0.0}
        if names:
            spent = sum(self.tests.seconds[name] for name in names)
            limits = {"cpu": CPU[0] * spent + CPU[1], "limit": WALL[0] * spent + WALL[1]}
            warm = self.loaded if slip.function else self.fresh()
            answer = warm.ask(do="try", module=slip.module, function=slip.function, source=slip.source, tests=names, **limits)
        by = answer["failed"].partition("\n")[0]
        if by in names:  # who killed a neighbour is asked first
            before[:] = [by, *(name for name in before if name != by)]
        return {
            "key": slip.key,
            "module": slip.module,
            "operator": slip.operator,
            "function": slip.function,
            "line": slip.line,
            "was": slip.was,
            "becomes": slip.becomes,
            "killed": bool(answer["failed"]),
            "by": by,
            "tests": len(names),
            "seconds": round(answer["seconds"], 2),
        }

    def go(self, mutants: dict[str, list[slips.Slip]]) -> None:
        """Through all modules, and the control at the end."""
        with self.path.open("a", encoding="utf8") as out:
            for kind, (module, every) in itertools.product(self.plan["kinds"], mutants.items()):
                began, wanted, alive = time.monotonic(), self.wanted(every, kind), 0
                for slip in wanted:
                    verdict = self.judge(slip)
                    alive += not verdict["killed"]
                    out.write(json.dumps(verdict, ensure_ascii=False) + "\n")
                    out.flush()
                if wanted:
                    took = time.monotonic() - began
                    print(f"{module} ({kind}): {len(wanted) - alive} killed, {alive} alive, {took:.0f} s", flush=True)
        self.control()


def _mutants(module: str, kept: Path) -> list[slips.Slip]:
    """Of a module; making them takes longer than reading them, so they are kept beside what they were made of."""
    made_of = b"".join(Path(path).read_bytes() for path in (module, slips.__file__, slips.operators.__file__))
    path = kept / f"{Path(module).stem}-{hashlib.sha256(made_of).hexdigest()[:16]}.json"
    if not path.exists():
        kept.mkdir(exist_ok=True)
        path.write_text(json.dumps([asdict(slip) for slip in slips.of_module(module)]), encoding="utf8")
    return [slips.Slip(**fields) for fields in json.loads(path.read_text(encoding="utf8"))]


def main() -> None:
    """Go through the plan."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf8"))
    mutants = {module: _mutants(module, Path(plan["verdicts"]).with_name("slips")) for module in plan["modules"]}
    sizes = {module: {slip.key: slip.kind for slip in every} for module, every in mutants.items()}
    Path(plan["sizes"]).write_text(json.dumps(sizes), encoding="utf8")
    if plan["kinds"]:
        Run(plan).go(mutants)


if __name__ == "__main__":
    main()
