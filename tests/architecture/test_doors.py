"""Across apps only `models`, `queries`, `services` and `states` may be imported; what import-linter cannot say.

The platform's parts have some doors more, which the house names: registries, ports and the marks of access.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from script.support.packages import SERVICES
from tests.architecture.files import ROOT

DOORS = {"models", "queries", "services", "states"}
# Doors of the platform beyond the four, each a thing that others register with, implement or are marked by.
MORE = {
    "municipality.accounts": {
        *("access", "access_log", "backends", "civil_ids", "known_devices", "limits"),
        *("next_paths", "proof", "purposes", "requests", "staff_site"),
    },
    "municipality.delegation": {"registry", "notifications", "authorization", "organisations"},
    "municipality.audit": {"guards", "registry"},
    "municipality.cases": {"catalogue", "opening", "panels", "blocks", "timeline", "obligations", "block_causes", "home_forms", "feedback"},
    "municipality.documents": {"forms", "rendering", "signing", "registry", "numbers", "qr", "facts", "store", "alarms"},
    "municipality.drafts": {"registry", "unsaved", "unsent"},
    "municipality.fieldwork": {"forms", "device"},  # device: the contract with the browser's queue
    "municipality.imports": {"registry", "sheets", "guards", "views"},
    "municipality.incidents": {"registry", "requests", "timeline"},  # requests: the time to pay one
    "municipality.jobs": {"registry", "errors", "in_process", "sweeps"},
    "municipality.notifications": {"registry", "texts", "letters", "legal"},  # legal: what the preferences say of legal notices
    "municipality.review": {"registry", "timeline", "panels", "study_times", "asked_files", "shared_pages"},  # of every reviewed case
    "municipality.uploads": {"registry", "fields", "links", "refusals", "pictures", "multipart"},
    "licensing": {"registry", "labels"},  # of inspections, of violation reports under a measure; how the size of a board is said
    "payments": {"registry", "providers", "rules", "origins"},  # rules: the lines that a bill is made of
    # signals: what the register tells upward; events: a shop closes; conflicts: of interest of staff with a shop; addresses: as text;
    # draft_names: the shops of unsent requests.
    "shops": {"registry", "opening", "signals", "events", "conflicts", "addresses", "draft_names"},
    # What everybody reads of the violations of a shop, with small counts hidden; what a report of an inspector begins from.
    "violations": {"publication", "rules", "figures", "origins"},
    "zoning": {"places", "labels"},
}
# Packages of an app that have doors of their own.
FEATURES = {
    "licensing": {"health", "inspections", "measures", "signage", "workers"},
    "shops": {"claims", "commercial_register", "hours", "open_data", "public_page", "register", "search", "subscriptions"},
    "zoning": {"answer", "plots"},
}
# A page of the platform that a service shows at an address of its own, and the way to a case that somebody may act in.
SHOWN = "municipality.cases.views.public"
EXCEPTIONS = {(f"licensing.health.views.{name}", SHOWN) for name in ("public", "citizen", "corrections")}
EXCEPTIONS |= {(f"licensing.{name}.views.public", SHOWN) for name in ("health.new_licence", "signage")}
EXCEPTIONS |= {("shops.claims.views", SHOWN), ("violations.views.public", SHOWN)}
# All of these is a door: the ground floor and the face.
OPEN = ("municipality.kernel", "municipality.ui", "municipality.places", "municipality.rulebook", "municipality.celery")
# Tie everything together, on top of all.
TOP = (
    "municipality.urls",
    "municipality.api",
    "municipality.health",
    "sandbox",
    "municipality.settings",
    "municipality.wsgi",
    "municipality.asgi",
)


def part_of(module: str) -> str:
    """The app a module belongs to: `payments`, or `municipality.<part>`."""
    pieces = module.split(".")
    return ".".join(pieces[:2]) if pieces[0] == "municipality" else pieces[0]


def closed(graph: grimp.ImportGraph) -> list[str]:
    """Imports across apps that go through no door."""
    found = []
    for importer in sorted(graph.modules):
        mine = part_of(importer)
        if importer.startswith(TOP):
            continue
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            theirs = part_of(imported)
            if (importer, imported) in EXCEPTIONS or theirs == mine or imported.startswith(OPEN) or theirs in ("municipality", *TOP):
                continue
            pieces = imported.removeprefix(theirs).strip(".").split(".")
            inside = (pieces[1:] or [""])[0] if pieces[0] in FEATURES.get(theirs, set()) else pieces[0]
            if inside not in DOORS | MORE.get(theirs, set()) | {""}:
                found.append(f"{importer} -> {imported}")
    return found


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("municipality", *SERVICES, cache_dir=None)


def test_apps_meet_at_their_doors_only(graph: grimp.ImportGraph) -> None:
    assert closed(graph) == []


def test_the_gate_of_the_doors_bites(graph: grimp.ImportGraph) -> None:
    import copy

    harmed = copy.deepcopy(graph)
    for module in ("licensing.health.views.citizen", "payments.forms"):
        if module not in harmed.modules:
            harmed.add_module(module)
    harmed.add_import(importer="licensing.health.views.citizen", imported="payments.forms", line_number=1, line_contents="import")
    assert "licensing.health.views.citizen -> payments.forms" in closed(harmed)


@pytest.mark.parametrize(
    ("path", "statement"),
    [
        ("payments/queries.py", "from licensing import models"),
        ("municipality/jobs/queries.py", "from municipality.cases import models"),
        ("municipality/kernel/money.py", "import django"),
        ("payments/rules.py", "from django.db import models"),
        ("shops/register/queries.py", "import sandbox.simulators.serving"),
        ("shops/register/events.py", "from shops.search import index"),
        ("violations/queries.py", "from shops.claims import forms"),
        ("sandbox/simulators/serving.py", "import sandbox.demo.platform.people"),
        ("payments/queries.py", "from tools.stack import running"),
        ("sandbox/demo/platform/people.py", "import tests.bank"),
        ("reports/apps.py", "from violations import files"),
        ("violations/queries.py", "from municipality.fieldwork import guards"),
        ("municipality/review/queries.py", "from municipality.fieldwork import models"),
    ],
)
def test_the_import_contracts_bite(tmp_path: Path, path: str, statement: str) -> None:
    """The red control: the same contracts over a copy with one forbidden import."""
    answer = lint_with(tmp_path, path, statement)
    assert answer.returncode == 1, answer.stdout


def test_the_contract_against_circles_bites(tmp_path: Path) -> None:
    """`search.queries` imports `search.cursors`; the import back is in no other contract."""
    answer = lint_with(tmp_path, "shops/search/cursors.py", "from shops.search import queries")
    assert answer.returncode == 1, answer.stdout
    broken = [line for line in answer.stdout.splitlines() if line.endswith(" BROKEN")]
    assert broken == ["Shops import in no circle BROKEN"], answer.stdout


def lint_with(tmp_path: Path, path: str, statement: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter over a copy of the packages in which the file at `path` ends with one more statement."""
    for name in ("municipality", *SERVICES, "sandbox"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "data", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / path).open("a", encoding="utf8") as file:
        file.write(f"\n{statement}\n")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
