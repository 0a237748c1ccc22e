"""Violations with a year of 20,000 violation reports: lists, maps, figures and the public lookup, measured as in `pages`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from statistics import median
from typing import Any

from tools.benchmarks import subjects, tables, violation_reports
from tools.benchmarks.client import Ask
from tools.benchmarks.pages import HEADS, Measured, measure_page, portal
from tools.stack.running import Servers

LOOKUP, AIM_LOOKUP = "Public lookup, POST", 5


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench violations [--reports 20000] [--runs 5] [--requests 60] [--only KEY] [--small] [--write]`.

    Returns 1 where the lookup sends too many statements.
    """
    parser = argparse.ArgumentParser(prog="script/bench violations", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the demo's data, to try the command out")
    parser.add_argument("--reports", type=int, default=20_000, help="in all, spread over a year")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=60, help="of a run, for the page and for the floor each")
    parser.add_argument("--only", default="", help="one page: map, singly, area, table, figures, mine, lookup or public")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    if not servers.database:
        print("script/bench violations needs PostgreSQL.", file=sys.stderr)
        return 1
    with portal(servers, small=options.small) as stack:
        subjects.set_up(stack.environment)
        from tools.benchmarks.recording import separate_numbers

        print(f"{violation_reports.copy(options.reports):,} rows of violation reports written", flush=True)
        separate_numbers()
        found: dict[str, Measured] = {}
        for page in _pages():
            if options.only in ("", page.key):
                stack.restart("web")
                found[page.key] = measure_page(stack, page, options.runs, options.requests)
                print(f"  {page.name}: {median(found[page.key].multiples):.1f} × home, {found[page.key].queries} statements", flush=True)
    over = [LOOKUP] if "lookup" in found and found["lookup"].queries > AIM_LOOKUP else []
    note = (
        f"{options.reports:,} violation reports of a year, {options.runs} runs of {options.requests} requests each.\n\n"
        + tables.table(HEADS, [one.row() for one in found.values()])
        + f"\n\nOver {AIM_LOOKUP} statements: {', '.join(over) or 'none'}."
    )
    tables.publish("violations", note, write=options.write)
    return 1 if over else 0


def _pages() -> Iterator[subjects.Page]:
    """Whose pages are measured: the auditor, who sees every branch, and a person with many violations."""
    from django.db.models import Count
    from django.urls import reverse
    from django.utils import translation

    from municipality.accounts.models import User
    from violations.models import Violation

    auditor = User.objects.filter(is_staff=True, groups__name="auditor").order_by("pk")[0]
    staff = subjects._session(auditor)
    owned = Violation.objects.filter(shop__owner__isnull=False).values_list("shop__owner").annotate(many=Count("pk")).order_by("-many")
    owner = User.objects.get(pk=owned[0][0])
    busiest = Violation.objects.values_list("area").annotate(many=Count("pk")).order_by("-many")[0][0]
    row = Violation.objects.filter(shop__owner=owner, state="ordered", number__startswith="VIO-BENCH").order_by("-pk")[0]
    chart = reverse("admin:office_map")
    yield subjects.Page("Map of violations, by area", "map", subjects._always(chart, staff), language="")
    yield subjects.Page("Map and list, one by one", "singly", subjects._always(f"{chart}?singly=1", staff), language="")
    yield subjects.Page("Map and list of one area", "area", subjects._always(f"{chart}?area={busiest}", staff), language="")
    listed = reverse("admin:violations_violation_changelist")
    yield subjects.Page("Table of violations (Django's admin)", "table", subjects._always(listed, staff), language="")
    yield subjects.Page("Figures of 90 days", "figures", subjects._always(reverse("admin:office_figures"), staff), language="")
    with translation.override("ar"):
        mine, start = reverse("violations:mine"), reverse("violations:start")
        page = reverse("violations:page", args=[row.public_id])
    yield subjects.Page("My violations", "mine", subjects._always(mine, subjects._session(owner)))
    digits = owner.last_four
    yield subjects.Page(LOOKUP, "lookup", _lookups(start, row, digits), status=302)
    yield subjects.Page("Public page of a violation", "public", _of_a_visitor(page, row))


def _lookups(start: str, row: Any, digits: str) -> Iterator[Ask]:
    """Each by another visitor without a session."""
    form = {"csrfmiddlewaretoken": subjects.TOKEN, "number": row.number, "last_four": digits}
    while True:
        yield Ask(start, subjects._headers(forms=True), form)


def _of_a_visitor(page: str, row: Any) -> Iterator[Ask]:
    """Somebody who has found the violation, by the cookie that the lookup gives."""
    from django.core.signing import get_cookie_signer

    from violations.views.public import FOUND

    cookie = f"{FOUND}={get_cookie_signer(salt=FOUND * 2).sign(row.public_id)}"
    while True:
        headers = subjects._headers()
        yield Ask(page, {**headers, "Cookie": f"{headers['Cookie']}; {cookie}"})
