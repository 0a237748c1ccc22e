"""The deployment's processes with the deployment's environment: nginx, web, worker and clock over PostgreSQL and two Redis."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from script.support.environment import ROOT
from script.support.processes import Process, beat, clean_environment, web, worker
from script.support.services import free_port
from tests.house.production import VALID, as_files
from tests.stack.front import PROGRAM, nginx, rendered
from tests.stack.running import Servers, Stack, administer, next_redis_number, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.postgres, pytest.mark.redis]
ROLE = "portal_app_tests"


class Production(Stack):
    """Web, worker and clock under production settings, secrets in files, as a role that owns nothing."""

    def __init__(self, servers: Servers, var: Path, owner: Servers) -> None:
        super().__init__(servers, var)
        values = VALID | servers.environment() | {"ALLOWED_HOSTS": "portal.example.test"}
        secrets = var / "secrets"
        secrets.mkdir()
        self.environment = clean_environment() | as_files(values, secrets)
        self.environment |= {
            "DJANGO_SETTINGS_MODULE": "municipality.settings.production",
            "PORTAL_VAR": str(var),
            "STATIC_ROOT": str(var / "static"),
            "WEB_BIND": f"127.0.0.1:{self.port}",
            "WEB_WORKERS": "2",
            "PYTHONUNBUFFERED": "1",
        }
        self.owner = self.environment | {"DATABASE_URL": owner.database, "APPLICATION_ROLE": ROLE}
        del self.owner["DATABASE_URL_FILE"]

    def _define(self) -> list[Process]:
        return [web(sys.executable), worker(sys.executable), beat(sys.executable, self.var)]

    def run_as_owner(self, *command: str) -> None:
        done = subprocess.run([sys.executable, "-W", "ignore", *command], cwd=ROOT, env=self.owner, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def _speaks(self, name: str, address: str) -> bool:
        return subprocess.run([sys.executable, "deploy/probe.py", "web"], cwd=ROOT, env=self.environment).returncode == 0

    def readyz(self) -> tuple[int, dict[str, Any]]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("GET", "/readyz", headers={"Host": "portal.example.test", "X-Forwarded-Proto": "https"})
            answer = line.getresponse()
            return answer.status, json.load(answer)
        finally:
            line.close()


RULES = """
from municipality.accounts.models import User
from municipality.rulebook.seeds import seed
staff = [User.objects.create_user(name_ar="موظف", name_en="Staff", login=name, is_staff=True) for name in ("maker", "publisher")]
print(seed(*staff))
"""


class Door:
    """A client that speaks TLS to the front door."""

    def __init__(self, secure: int) -> None:
        self.secure = secure

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        line = http.client.HTTPSConnection("127.0.0.1", self.secure, timeout=15, context=context)
        line.request(method, path, body=body, headers={"Host": "portal.example.test", **headers})
        answer = line.getresponse()
        answer.content = answer.read()  # type: ignore[attr-defined]
        line.close()
        return answer


@pytest.fixture(scope="module")
def production(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    name = f"production_{os.getpid()}"
    owner = servers.with_database(name)
    administer(servers.database, f"CREATE DATABASE {name}")
    administer(servers.database, f"DROP ROLE IF EXISTS {ROLE}")
    administer(servers.database, f"CREATE ROLE {ROLE} LOGIN PASSWORD 'pw-tests'")
    parts = urlsplit(owner.database)
    applied = Servers(parts._replace(netloc=f"{ROLE}:pw-tests@{parts.hostname}:{parts.port}").geturl(), owner.redis, owner.cache)
    var = tmp_path_factory.mktemp("production")
    for folder in ("run", "log"):
        (var / folder).mkdir()
    running = Production(applied.with_redis_number(next_redis_number()), var, owner)
    try:
        running.run_as_owner("manage.py", "migrate", "--noinput", "--verbosity", "0")
        running.run_as_owner("deploy/grants.py")
        running.run_as_owner("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
        running.manage("load_places")
        running.manage("shell", "--no-imports", "-c", RULES)  # one person writes the rules, another publishes them
        yield running.start()
    finally:
        running.end_processes()
        administer(servers.database, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        administer(servers.database, f"DROP ROLE IF EXISTS {ROLE}")


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
        "UPDATE audit_act SET data = '{}'",
        "DELETE FROM audit_act",
        "TRUNCATE audit_act",
        "ALTER TABLE audit_act DISABLE TRIGGER ALL",
        "DROP TABLE audit_act",
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
