"""What every test may use: the clock, the outbox, a browser, and the portal as real processes."""

from __future__ import annotations

import datetime as dt
import gc
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
from django.test import TransactionTestCase

from municipality.kernel import clock
from script.support.programs import browser as found_browser
from script.support.system import has_pango, pango_advice
from tests import emptying, migrated
from tools.stack.running import Servers, Stack, Template, shared_template

# The assertions of helpers tell what they compared, like those of tests.
pytest.register_assert_rewrite("tests.journeys", "tests.licensing", "tests.municipality", "tests.violations", "tests.factories")
NOON = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)  # noon in Kuwait, a working day
TODAY = NOON.date()
CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# How long one example takes on a busy machine says nothing about what it proves.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

# Playwright's own event loop runs in the test's thread; Django would take that for an async view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

TransactionTestCase._fixture_teardown = emptying.empty  # type: ignore[method-assign]


# Modules that look at the sample of tests/architecture/sample_data.py and add nothing to it share one; building it takes some seconds.
ONE_SAMPLE = ("api", "cacheable", "privacy", "shown_fields", "staff_door")

# What shares a running portal, or the responses of all pages, stays in one process of a parallel run; else the tests of one file do.
# The first beginning of an address that fits counts.
TOGETHER = {
    "tests/journeys/test_pages.py::test_a_page_is_accessible_narrow_light_and_still[chromium-en-": "pages in English",
    "tests/journeys/test_pages.py": "pages",
    "tests/journeys/test_refusals.py": "refusals",
    "tests/journeys/test_delegation.py": "two sides",
    "tests/journeys/test_bad_line.py": "two sides",
    "tests/journeys/test_officer_decides.py": "two sides",
    "tests/journeys/test_officer_lane.py": "two sides",
    "tests/journeys/test_violations.py": "two sides",
    "tests/journeys/": "walks",
    "tests/tools/chaos/test_callbacks.py": "callbacks",
    "tests/tools/chaos/test_money.py": "callbacks",
    "tests/payments/test_gateway_matrix.py": "callbacks",
    "tests/tools/chaos/test_controls.py": "harm",
    "tests/tools/chaos/test_redis.py": "harm",
    "tests/tools/chaos/test_invariants.py": "invariants",
    "tests/tools/chaos/": "faults",
    "tests/tools/stack/": "deployment",
    "tests/architecture/test_languages.py": "responses of all pages",
    "tests/architecture/test_pages.py": "responses of all pages",
    **{f"tests/architecture/test_{name}.py": "one sample" for name in ONE_SAMPLE},
    "tests/architecture/test_grants.py::test_the_application_proposes_and_decides_a_correction_of_the_ledger": "one sample",
    "tests/architecture/test_without_transaction.py::test_no_page_fails_when_it_is_read": "read over HTTP",
    # A minute and more each, so that no process waits for the last one.
    **{f"tests/violations/test_agreement.py::test_the_pages_of_two_hundred_people_agree[{part}]": f"people {part}" for part in range(4)},
    "tests/municipality/review/test_simulation.py::test_assignment_by_lot_shows_hundreds_of_inversions": "an unfair queue",
}


# What looks at the whole portal, draws papers and pictures by the dozen, starts simulators or plays nights through: left out of
# `script/test --fast` and, where it guards nothing, of the pass on the next Django.
WHOLE = (
    *(
        f"tests/architecture/test_{name}.py"
        for name in ("access_matrix", "adding_a_service", "api", "doors", "languages", "pages", "privacy")
    ),
    *(f"tests/architecture/test_{name}.py" for name in ("production_refuses", "shown_fields", "staff_door", "state_changes")),
    "tests/architecture/test_without_transaction.py",
    *("tests/journeys/", "tests/licensing/", "tests/tools/mutation/", "tests/script/test_parallel.py", "tests/script/test_translations.py"),
    *("tests/municipality/accounts/test_openid.py", "tests/municipality/accounts/test_passkeys.py", "tests/municipality/delegation/"),
    *("tests/sandbox/demo/", "tests/municipality/documents/", "tests/municipality/jobs/test_limits.py"),
    *(f"tests/sandbox/simulators/test_{name}.py" for name in ("knet_desk", "knet_gateway", "knet_protocol", "serving")),
    *("tests/municipality/notifications/test_sms.py", "tests/municipality/review/test_desk", "tests/municipality/review/test_queue.py"),
    *("tests/municipality/rulebook/test_calendar.py", "tests/municipality/uploads/", "tests/payments/services/test_long_outage.py"),
    *("tests/payments/services/test_reconciliation_limits.py", "tests/payments/test_invariants.py", "tests/payments/test_machine.py"),
    *(f"tests/shops/commercial_register/test_{name}.py" for name in ("decisions", "delta", "outages", "work_list")),
    *(f"tests/shops/open_data/test_{name}.py" for name in ("changes", "files", "hostile", "interface", "steps")),
    *(
        "tests/shops/claims/",
        "tests/shops/search/test_pages.py",
        "tests/shops/subscriptions/",
        "tests/tools/attack/test_small.py",
        "tests/violations/",
    ),
)


def together(nodeid: str) -> str:
    """What a test stays together with: the name of a group, or its file."""
    return next((name for beginning, name in TOGETHER.items() if nodeid.startswith(beginning)), nodeid.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`--dist loadscope` hands out the groups above."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    return Groups(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--leave-whole", action="store_true", help="do not even read the files of WHOLE")
    parser.addoption("--only-marked", metavar="MARKS", help="do not even read files without one of these (A or B); with -m, for speed")
    parser.addoption("--one-form", action="store_true", help="of a test that is written in several forms (language, width), one")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With --leave-whole: files of WHOLE, which take a third of the time of looking for tests; --only-marked: those without the marks."""
    marks = config.getoption("--only-marked")
    if marks and collection_path.match("test_*.py"):
        text = collection_path.read_text(encoding="utf8")
        if not any(f"mark.{mark}" in text for mark in marks.split(" or ")):
            return True
    if not config.getoption("--leave-whole") or not collection_path.is_relative_to(config.rootpath):
        return None
    found = collection_path.relative_to(config.rootpath).as_posix()
    return True if (f"{found}/" if collection_path.is_dir() else found).startswith(WHOLE) else None


def one_form(names: Sequence[str]) -> set[str]:
    """Of the forms of each test one: the first, the second, … in turns, so that all languages and widths come up."""
    forms: dict[str, list[str]] = {}
    for name in names:
        forms.setdefault(name.partition("[")[0], []).append(name)
    return {found[number % len(found)] for number, found in enumerate(forms.values())}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, with a reason, what belongs to the other database. Raises UsageError where a mark is missing that a pass goes by."""
    if config.getoption("--one-form"):
        kept = one_form([item.nodeid for item in items])
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in kept])
        items[:] = [item for item in items if item.nodeid in kept]
    postgres = os.environ.get("DATABASE_URL", "").startswith("postgres")
    for item in items:
        if item.get_closest_marker("postgres") and not postgres:
            item.add_marker(pytest.mark.skip(reason="only on PostgreSQL"))
        if item.nodeid.startswith(WHOLE):
            item.add_marker(pytest.mark.whole)
        used = _fixtures_of(item)
        for mark, fixtures in (("stack", {"stack", "stack_template"}), ("browser", {"browser"})):
            if fixtures & used and not item.get_closest_marker(mark):
                raise pytest.UsageError(f"{item.nodeid} uses {sorted(fixtures & used)}: its file needs pytest.mark.{mark}")
    # What takes longest comes first, so that no process works on alone at the end.
    long = {together(item.nodeid) for item in items if item.get_closest_marker("slow") or item.get_closest_marker("whole")}
    items.sort(key=lambda item: together(item.nodeid) not in long)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Look for garbage less often, and only among what the tests make: what is loaded by now stays to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _fixtures_of(item: pytest.Item) -> set[str]:
    """What a test asks for, directly or through fixtures. pytest's own list goes on behind a fixture of ours that replaces a plugin's."""
    info, given = getattr(item, "_fixtureinfo", None), getattr(getattr(item, "callspec", None), "params", {})
    found: set[str] = set()
    wanted = list(info.initialnames) if info else []
    while wanted:
        name = wanted.pop()
        if name not in found and name not in given:
            found.add(name)
            wanted += info.name2fixturedefs[name][-1].argnames if info.name2fixturedefs.get(name) else ()
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Without Pango no page of a document can be drawn: such a test is skipped and says so, instead of failing."""
    try:
        return (yield)
    except Exception as error:
        if not has_pango() and any("pango" in str(cause).lower() for cause in _causes(error)):
            pytest.skip(f"Pango is missing: {pango_advice()}")
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that runs once more says so in the report (pytest-rerunfailures counts the runs)."""
    if getattr(item, "execution_count", 1) == 2:
        item.user_properties.append(("runs", 2))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Clock:
    """A frozen clock that a test moves by hand."""

    def __init__(self, instant: dt.datetime) -> None:
        self._instant = instant
        self._block = clock.at(instant)
        self._block.__enter__()

    def move(self, **amount: float) -> dt.datetime:
        """Go forward by timedelta's keywords, such as `days=1`."""
        return self.set(self._instant + dt.timedelta(**amount))

    def set(self, instant: dt.datetime) -> dt.datetime:
        self.release()
        self.__init__(instant)  # type: ignore[misc]
        return instant

    def release(self) -> None:
        self._block.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def default_language() -> None:
    """Every test begins in the language of the settings, whatever the request of another test left in this thread."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(autouse=True)
def no_fragments() -> None:
    """No test sees fragments of templates that another one cached."""
    from django.core.cache import caches

    caches["template_fragments"].clear()


@pytest.fixture(autouse=True)
def no_editions() -> Iterator[None]:
    """No test sees editions of the rulebook that another one read: a number may be that of another edition there."""
    yield
    from municipality.rulebook import queries

    queries._editions.clear()


@pytest.fixture
def frozen_clock() -> Iterator[Clock]:
    """Time stands still at noon in Kuwait until the test moves it."""
    stopped = Clock(NOON)
    yield stopped
    stopped.release()


@pytest.fixture(autouse=True)
def sessions_of_a_live_server(request: pytest.FixtureRequest) -> None:
    """The threads of a live server have the running clock. A session that began at a frozen noon would be idle there after a while."""
    if "live_server" in request.fixturenames:
        request.getfixturevalue("settings").SESSION_IDLE_SECONDS = 24 * 3600


@pytest.fixture
def rules(db: None, frozen_clock: Clock) -> None:
    """Places, activities and the published rulebook."""
    from tests.published_rules import publish_rules

    publish_rules()


@pytest.fixture
def owner(db: None) -> Any:
    """Somebody who signs in with Kuwait Mobile ID, to whom shops may belong."""
    from tests.factories.accounts import PersonFactory

    return PersonFactory()


@pytest.fixture
def make_licensed_shop(rules: None, owner: Any) -> Callable[..., Any]:
    """Makes shops of `owner` whose licence ends in 20 days; each keyword changes one fact."""
    from tests.factories.licensing import LicensedShopFactory
    from tests.factories.shops import ShopFactory

    ShopFactory.reset_sequence(1)
    return partial(LicensedShopFactory, owner=owner)


@pytest.fixture
def make_shop(make_licensed_shop: Callable[..., Any]) -> Callable[..., Any]:
    """The shops that most tests work with; packages that need others have a fixture of this name."""
    return make_licensed_shop


@pytest.fixture
def store(tmp_path: Path, settings: Any) -> Path:
    """A store of files of this test's own."""
    kept = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "files"}}
    settings.VAR_DIR, settings.STORAGES = tmp_path, {**settings.STORAGES, "default": kept}
    return tmp_path


@pytest.fixture
def outbox() -> Callable[..., int]:
    """Runs what is due now, as the worker would, until nothing is; how many jobs ran. `kinds` narrows it."""

    def run(*kinds: str, limit: int = 500) -> int:
        from municipality.jobs import services
        from municipality.jobs.models import Job

        ran = 0
        tried: set[int] = set()
        while ran < limit:
            due = [pk for pk, _ in services.due() if pk not in tried]
            if kinds:
                due = list(Job.objects.filter(pk__in=due, kind__in=kinds).values_list("pk", flat=True))
            if not due:
                return ran
            for pk in due:
                tried.add(pk)
                services.run(pk)
                ran += 1
        raise AssertionError(f"more than {limit} jobs ran: one of them enqueues itself again")

    return run


@pytest.fixture(scope="session", autouse=True)
def patient_calls() -> Iterator[None]:
    """A simulator that waits for its turn on a busy machine is not a service that is away: limits of whole seconds become a minute.

    A test of a time-out lays a limit below one second, or one of its own.
    """
    send = requests.adapters.HTTPAdapter.send

    def patient(adapter: Any, request: Any, stream: bool = False, timeout: Any = None, **more: Any) -> Any:
        limits = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        if all(isinstance(limit, int | float) for limit in limits):
            timeout = tuple(max(limit, 60) if limit >= 1 else limit for limit in limits)
        return send(adapter, request, stream=stream, timeout=timeout, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.adapters.HTTPAdapter, "send", patient)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Migrated databases are kept (tests/migrated.py)."""
    from django.db import connection

    migrated.keep()
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated.template(os.environ["DATABASE_URL"])


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Ends what a test's web server left connected, before the databases are dropped: PostgreSQL drops none that is in use."""
    yield
    from django.db import connections

    with django_db_blocker.unblock():
        for connection in (connections[alias] for alias in connections if connections[alias].vendor == "postgresql"):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The servers of this run: those that the environment names."""
    return Servers.from_environment()


@pytest.fixture(scope="session")
def stack_template(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """The small demo, set up once for all stacks and all processes of the run."""
    base = tmp_path_factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with shared_template(servers, common / "template", migrated.database(servers.database)) as template:
        yield template


@pytest.fixture(scope="module")
def stack(stack_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The portal as real processes with data of its own, for the tests of one module."""
    own, folder = stack_template.copy(tmp_path_factory.mktemp("stack"))
    running = Stack(own, folder)
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium with a profile of its own that is gone afterwards."""
    from playwright.sync_api import expect

    found = found_browser()
    if found is None:
        pytest.skip("no Chromium was found; install the package chromium")
    expect.set_options(timeout=30_000)  # a busy machine's browser is late, not wrong
    return {**browser_type_launch_args, "executable_path": found, "args": CHROMIUM}


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).resolve().parent.parent
