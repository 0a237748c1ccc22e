"""The deployment's processes with the deployment's environment: nginx, web, worker and clock over PostgreSQL and two Redis."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import psycopg2
import pytest

from script.support.environment import ROOT
from script.support.services import free_port
from tools.stack.front import PROGRAM, nginx, rendered
from tools.stack.production import Door, Production, started
from tools.stack.running import Servers, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.postgres, pytest.mark.redis]


@pytest.fixture(scope="module")
def production(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with started(servers, tmp_path_factory.mktemp("production")) as running:
        yield running


@pytest.fixture(scope="module")
def door(production: Production, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    if PROGRAM is None:
        pytest.skip("nginx was not found; install the package nginx")
    ports = free_port(), free_port()
    with nginx(rendered(tmp_path_factory.mktemp("front"), plain=ports[0], secure=ports[1], portal=production.port)):
        wait_until(lambda: _listens(ports[1]), 10, "nginx")
        yield Door(ports[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_web_worker_and_clock_work_with_secrets_from_files(production: Production) -> None:
    wait_until(lambda: production.ready("worker") and production.ready("beat"), 60, "worker and clock")
    status, checks = production.readyz()
    assert status == 200
    assert checks["checks"]["redis"]["status"] == "ok"


def test_the_home_page_comes_through_the_front_door(door: Door) -> None:
    answer = door.ask("GET", "/ar/")
    assert answer.status == 200
    assert answer.getheader("Strict-Transport-Security")
    assert "default-src 'self'" in answer.getheader("Content-Security-Policy", "")


def test_the_bank_meets_no_redirect(door: Door) -> None:
    answer = door.ask("POST", "/pay/knet/response", b"trandata=00", **{"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200


def test_a_body_that_is_too_long_stops_at_the_front_door(door: Door) -> None:
    assert door.ask("POST", "/pay/knet/response", b"x" * 40_000).status == 413
    assert door.ask("POST", "/ar/", b"x" * 2_000_000).status == 413


def test_a_long_address_behind_the_sign_in_is_led_there(door: Door) -> None:
    """Its redirect is longer than the address; nginx took only 4 kB of head and called the rest an error of the portal."""
    answer = door.ask("GET", "/ar/my-requests/?q=" + "%D8%A7" * 600)
    assert answer.status == 302
    assert len(answer.getheader("Location", "")) > 4096


def test_unknown_hosts_are_turned_away(door: Door) -> None:
    assert door.ask("GET", "/ar/", Host="evil.example.test").status == 400


def test_static_files_come_with_a_long_life(door: Door, production: Production) -> None:
    names = json.loads((production.var / "static" / "staticfiles.json").read_text(encoding="utf8"))["paths"]
    sheet = next(hashed for plain, hashed in names.items() if plain.endswith(".css"))
    answer = door.ask("GET", f"/static/{sheet}")
    assert answer.status == 200
    assert "immutable" in answer.getheader("Cache-Control", "")


def test_a_storm_of_guesses_is_slowed_at_the_door(door: Door) -> None:
    statuses = [door.ask("GET", f"/verify/GUESS{number:03d}").status for number in range(60)]
    assert 429 in statuses


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditevent SET data = '{}'",
        "DELETE FROM audit_auditevent",
        "TRUNCATE audit_auditevent",
        "ALTER TABLE audit_auditevent DISABLE TRIGGER ALL",
        "DROP TABLE audit_auditevent",
        "CREATE TABLE public.mine (id int)",
        "DELETE FROM django_migrations",
    ],
)
def test_the_application_role_cannot_change_the_record(production: Production, statement: str) -> None:
    connection = psycopg2.connect(production.servers.database)
    try:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            connection.cursor().execute(statement)
    finally:
        connection.close()


def test_the_application_role_may_do_its_own_work(production: Production) -> None:
    """The red control of the refusals: the same role writes where it should."""
    assert production.sql("UPDATE jobs_heartbeat SET at = at WHERE part = 'worker' RETURNING part") == [("worker",)]


def test_the_clock_is_seen_to_write_its_schedule(production: Production) -> None:
    command = [sys.executable, "deploy/probe.py", "beat", str(production.var / "run" / "beat")]
    wait_until(lambda: subprocess.run(command, cwd=ROOT, env=production.environment).returncode == 0, 30, "a schedule file")
    gone = [*command[:-1], str(production.var / "run" / "nothing")]
    assert subprocess.run(gone, cwd=ROOT, env=production.environment).returncode == 1
