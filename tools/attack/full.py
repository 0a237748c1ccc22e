"""`script/attack`: the whole corpus against production settings and processes behind the shipped front door, on loopback alone.

`--only STAGE…` runs some stages (the crawl always), `--small` the small size, `--again FILE` one kept finding.
Kept findings lie in var/attack. The status is 1 for a finding, a broken invariant, a broken record or a job that died of what it was given.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from script.support.environment import ROOT
from tools.attack import corpus
from tools.attack.findings import Facts, Identity, Report
from tools.attack.portal import attacked
from tools.attack.run import FULL, SMALL, STAGES, Attack
from tools.attack.wire import Ask, Door
from tools.stack.production import Production
from tools.stack.running import Servers, wait_until

FOLDER = ROOT / "var" / "attack"
PEOPLE = 14
# Tasks in which no person's name occurs.
NEVER = frozenset({"rule_maker", "rule_publisher"})


def main(servers: Servers, arguments: list[str]) -> int:
    """Run; print the table and the findings. Returns 1 for a finding."""
    parser = argparse.ArgumentParser(prog="script/attack", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(STAGES), default=[])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--minutes", type=float, default=FULL.seconds / 60, help="after which the rest is left out")
    parser.add_argument("--seed", type=int, default=corpus.SEED)
    parser.add_argument("--again", type=Path, help="a file of var/attack: send that request alone")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "municipality.settings.test")
    import django

    django.setup()
    began = time.monotonic()
    with attacked(servers) as (production, inside, port):
        people = [Identity(**one) for one in inside.do("begin", people=options.people)]
        print(f"{len(people)} identities, the portal is up after {time.monotonic() - began:.0f} s", flush=True)
        if options.again:
            kept = json.loads(options.again.read_text(encoding="utf8"))
            kept["body"] = (options.again.parent / kept["body"]).read_bytes() if "body" in kept else None
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        report = Report(facts_of(inside), {person.name: person for person in people}, FOLDER, NEVER)
        size = replace(SMALL if options.small else FULL, workers=FULL.workers, seconds=options.minutes * 60)
        attack = Attack(
            Door(port),
            people,
            open_session=lambda pk: str(inside.do("session", user=pk)),
            ask_facts=lambda: facts_of(inside),
            report=report,
            size=size,
            seed=options.seed,
            say=lambda line: print(line, flush=True),
        )
        if options.again:
            ask = Ask(**{name: kept[name] for name in ("kind", "method", "path", "who", "body", "headers", "note")})
            print(attack.send(ask).status)
        else:
            attack.run("crawl", *(name for name in options.only or STAGES if name != "crawl"))
        after = aftermath(production)
        shutil.copytree(production.var / "log", FOLDER / "log", dirs_exist_ok=True)
    print(f"\n{report.table()}\n\n{report.told()}\n")
    print(f"left out for want of time: {dict(attack.left_out) or 'nothing'}; staff were shown names of people: {dict(report.staff_saw)}")
    print("\n".join(after) or "The invariants hold, the record is whole, no job died.")
    print(f"{len(report.findings)} findings in {(time.monotonic() - began) / 60:.0f} minutes; each is kept in {FOLDER.relative_to(ROOT)}.")
    return 1 if report.findings or after else 0


def facts_of(inside: Any) -> Facts:
    """What the hand inside says now."""
    told = inside.do("facts")
    return Facts(told["objects"], told["shops"], frozenset(frozenset(pair) for pair in told["kin"]), told["marks"])


def aftermath(production: Production) -> list[str]:
    """What does not hold after the attack: work left, invariants, the record, jobs that died, errors in the logs."""
    wrong = []
    due = "SELECT count(*) FROM jobs_job WHERE state IN ('queued', 'running') AND due_at < now() AND last_error = ''"
    try:
        wait_until(lambda: production.sql(due)[0][0] == 0, 180, "an empty list of due jobs")
    except TimeoutError as late:
        wrong.append(f"jobs: {late}")
    for command in ("invariants", "verify_audit"):
        done = production.manage(command, check=False)
        print(f"{command}: {(done.stdout.strip().splitlines() or [''])[-1]}", flush=True)
        if done.returncode:
            wrong.append(f"{command} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}")
    for kind, count, why in production.sql("SELECT kind, count(*), min(last_error) FROM jobs_job WHERE last_error <> '' GROUP BY kind"):
        print(f"jobs that failed: {kind}: {count} ({why.strip().splitlines()[-1][:160]})", flush=True)
    for kind, count, why in production.sql("SELECT kind, count(*), min(last_error) FROM jobs_job WHERE state = 'dead' GROUP BY kind"):
        wrong.append(f"{count} jobs of {kind} died: {why.strip()[-300:]}")
    return wrong


def _main() -> int:
    return main(Servers.from_environment(), sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_main())
