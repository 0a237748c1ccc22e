"""Pages of the desk with a full queue: statements and times at 300,000 shops and 100,000 cases, and the assignment of the next case.

Statements are counted over the whole request: session, person, rights and the row that says who looked included, BEGIN and
COMMIT not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from tools.benchmarks import cases, subjects, tables
from tools.benchmarks.client import COUNT, QUERIES, Ask, Line
from tools.benchmarks.pages import portal, processor_seconds
from tools.stack.running import Servers, Stack

AIM_QUERIES, AIM_OWN_MS = 15, 60
VISITS, ASSIGNMENTS = 40, 40
BRANCH = "FA"
HEADS = (
    "page",
    "queries, {0:,} cases",
    "queries, {1:,} cases",
    "median ms, {0:,}",
    "median ms, {1:,}",
    "p95 ms, {0:,}",
    "p95 ms, {1:,}",
    "CPU ms, {1:,}",
)


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench desk [--shops 300000] [--cases 100000] [--write]`. Returns 1 where a page asks too much or more than before."""
    parser = argparse.ArgumentParser(prog="script/bench desk", description=__doc__)
    parser.add_argument("--shops", type=int, default=300_000, help="size of the register")
    parser.add_argument("--cases", type=int, default=100_000, help="cases in all; some 5,000 of them wait")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    if not servers.database:
        print("script/bench desk needs PostgreSQL.", file=sys.stderr)
        return 1
    with portal(servers) as stack:
        subjects.set_up(stack.environment)
        from municipality.cases.models import Case
        from sandbox.demo.benchmarks import fill

        staff = _Staff()
        kinds = cases.templates(staff.officer, staff.supervisor)
        first, small = Case.objects.count(), _measure(stack, staff)
        fill(options.shops, lambda line: print(f"  {line}", flush=True), sequence_events=False)
        print(f"{cases.copy(kinds, options.cases):,} rows of cases written", flush=True)
        stack.restart("web")
        last, large = Case.objects.count(), _measure(stack, staff)
    rows: list[tuple[object, ...]] = [
        (name, small[name].queries, one.queries, *_shown(small[name].median, one.median, small[name].p95, one.p95, one.cpu))
        for name, one in large.items()
    ]
    over = [name for name, one in large.items() if one.queries > AIM_QUERIES and name != NEXT_CASE]
    grown = [name for name, one in large.items() if one.queries > small[name].queries]
    slow = large[OWN].p95 > AIM_OWN_MS
    note = (
        f"{options.shops:,} shops. An officer has {staff.held} cases in hand. Over {AIM_QUERIES} statements: {', '.join(over) or 'none'}. "
        f"Asked more often than in the small register: {', '.join(grown) or 'none'}. "
        f"The 95th percentile of the list of own cases is {'above' if slow else 'within'} {AIM_OWN_MS} ms."
    )
    heads = [head.format(first, last) for head in HEADS]
    tables.publish("desk", f"{tables.table(heads, rows)}\n\n{note}", write=options.write)
    return 1 if over or grown else 0


OWN, NEXT_CASE = "Own cases (first page of an officer)", "Next case, POST (the assignment)"


@dataclass(frozen=True)
class _Cost:
    """Of one page: statements, milliseconds of the visitor's time, milliseconds of the web server's processor."""

    queries: int
    median: float
    p95: float
    cpu: float

    @classmethod
    def of(cls, queries: int, seconds: list[float], cpu: float) -> _Cost:
        return cls(queries, 1000 * median(seconds), 1000 * tables.p95(seconds), 1000 * cpu / len(seconds))


def _shown(*numbers: float) -> list[str]:
    return [f"{number:.1f}" for number in numbers]


class _Staff:
    """Who opens the pages: members of the demo's staff, and officers of one branch with empty desks for the assignments."""

    def __init__(self) -> None:
        from municipality.accounts.models import User

        self.known = {user.login: user for user in User.objects.filter(is_staff=True)}
        self.officers = 0
        self.held = 0

    def officer(self, branch: str) -> Any:
        """One who walks the templates."""
        return self._made("officer", f"bench.{branch.lower()}", branch)

    def supervisor(self, branch: str) -> Any:
        return self._made("supervisor", f"bench.supervisor.{branch.lower()}", branch)

    def new_officer(self) -> Any:
        """Another officer with an empty desk."""
        self.officers += 1
        return self._made("officer", f"bench.officer.{self.officers}", BRANCH)

    def _made(self, role: str, login: str, branch: str) -> Any:
        from municipality.review.services import staff as fields
        from tests.factories.accounts import StaffFactory

        if login not in self.known:
            user = self.known[login] = StaffFactory.create(groups=[role], login=login, branch_id=branch)
            if role == "officer":
                fields.give_skill(officer=user, code="health", given_by=self.supervisor(branch))
        return self.known[login]

    def session(self, login: str) -> str:
        return subjects._session(self.known[login])


def _measure(stack: Stack, staff: _Staff) -> dict[str, _Cost]:
    """Name of a page → what it costs."""
    line, group = Line(stack.port), stack.pid("web")
    try:
        found = {name: _visit(line, group, path, session) for name, path, session in _pages(staff)}
        found[NEXT_CASE] = _assignments(line, group, staff)
    finally:
        line.close()
    return found


def _pages(staff: _Staff) -> Iterator[tuple[str, str, str]]:
    """Name, path and session of each page to read."""
    from django.urls import reverse

    from municipality.review.models import Assignment

    login = f"officer.{BRANCH.lower()}"
    mine = Assignment.objects.filter(officer__login=login, ended_at__isnull=True)
    staff.held = mine.count()
    held = mine.select_related("place__case").order_by("-on_desk", "-pk").first()
    if held is None:
        held = (
            Assignment.objects.filter(ended_at__isnull=True, place__branch=BRANCH)
            .select_related("place__case", "officer")
            .order_by("-pk")[0]
        )
        login = held.officer.login
    officer, supervisor, auditor = (staff.session(name) for name in (login, f"supervisor.{BRANCH.lower()}", "auditor"))
    case = reverse("admin:desk_case", args=[held.place.case.public_id])
    yield OWN, "/admin/", officer
    yield "One case, its officer", case, officer
    yield "One case, the auditor", case, auditor
    yield "Own absences and conflicts of interest", reverse("admin:desk_absence"), officer
    yield "First page of a supervisor", "/admin/", supervisor
    yield "Next decision to sign", reverse("admin:desk_sign"), supervisor
    yield "Board of the branch", reverse("admin:desk_board"), supervisor
    yield "People of the branch", reverse("admin:desk_people"), supervisor
    yield "Declared conflicts of interest", reverse("admin:desk_conflicts"), supervisor


def _headers(session: str) -> dict[str, str]:
    return subjects._headers(session, forms=True)


def _asked(line: Line, ask: Ask, status: int) -> Any:
    answer = line.ask(ask)
    if answer.status != status:
        raise AssertionError(f"{ask.path} answered {answer.status}: {answer.text[:300]!r}")
    return answer


def _visit(line: Line, group: int, path: str, session: str) -> _Cost:
    headers = _headers(session)
    for _ in range(2):  # what a process keeps is loaded
        _asked(line, Ask(path, headers), 200)
    counted = _asked(line, Ask(path, {**headers, COUNT: "1"}), 200)
    before = processor_seconds(group)
    seconds = [_asked(line, Ask(path, headers), 200).seconds for _ in range(VISITS)]
    return _Cost.of(int(counted.headers[QUERIES.lower()]), seconds, processor_seconds(group) - before)


def _assignments(line: Line, group: int, staff: _Staff) -> _Cost:
    """Each assignment to another officer with an empty desk: as many as wait, at most forty."""
    from municipality.review.models import QueueEntry

    many = min(ASSIGNMENTS, QueueEntry.objects.filter(state="waiting", branch=BRANCH, skill="health").count())
    if many < 2:
        raise LookupError(f"nothing waits in {BRANCH}")
    seconds, queries, before = [], 0, processor_seconds(group)
    sessions = [subjects._session(staff.new_officer()) for _ in range(many)]
    for number, session in enumerate(sessions):
        headers = _headers(session) | ({COUNT: "1"} if number == many - 1 else {})
        answer = _asked(line, Ask("/admin/desk/next/", headers, {"csrfmiddlewaretoken": subjects.TOKEN}), 302)
        if "/admin/desk/" not in answer.headers["location"]:
            raise AssertionError(f"assignment {number} of {many} led to {answer.headers['location']}")
        seconds.append(answer.seconds)
        queries = int(answer.headers.get(QUERIES.lower(), queries))
    return _Cost.of(queries, seconds, processor_seconds(group) - before)
