"""Web, worker and clock under production settings, as the role that owns nothing, behind the shipped front door."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from script.support.environment import ROOT
from script.support.processes import Process, beat, clean_environment, web, worker
from tests.architecture.production import VALID, as_files
from tools.stack.running import Servers, Stack, administer, next_redis_number

ROLE = "portal_app_tests"


class Production(Stack):
    """Web, worker and clock under production settings, secrets in files, as a role that owns nothing."""

    def __init__(self, servers: Servers, var: Path, owner: Servers, role: str) -> None:
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
        self.owner = self.environment | {"DATABASE_URL": owner.database, "APPLICATION_ROLE": role}
        del self.owner["DATABASE_URL_FILE"]

    def _define(self) -> list[Process]:
        return [web(sys.executable), worker(sys.executable), beat(sys.executable, self.var)]

    def run_as_owner(self, *command: str, **more: str) -> None:
        """Run Python as the owner of the tables, with `more` environment. Raises RuntimeError with what it said."""
        given = [sys.executable, "-W", "ignore", *command]
        done = subprocess.run(given, cwd=ROOT, env=self.owner | more, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")

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


def rules(running: Production) -> None:
    """The least data a portal needs: places, and rules that one person writes and another publishes."""
    running.manage("load_places")
    running.manage("shell", "--no-imports", "-c", RULES)


@contextlib.contextmanager
def started(servers: Servers, var: Path, load: Callable[[Production], None] = rules) -> Iterator[Production]:
    """The portal over a database and a role of its own, with what `load` puts in before the processes start."""
    name, role = f"production_{os.getpid()}", f"{ROLE}_{os.getpid()}"
    owner = servers.with_database(name)
    administer(servers.database, f"CREATE DATABASE {name}")
    administer(servers.database, f"CREATE ROLE {role} LOGIN PASSWORD 'pw-tests'")
    parts = urlsplit(owner.database)
    applied = Servers(parts._replace(netloc=f"{role}:pw-tests@{parts.hostname}:{parts.port}").geturl(), owner.redis, owner.cache)
    for folder in ("run", "log"):
        (var / folder).mkdir()
    running = Production(applied.with_redis_number(next_redis_number()), var, owner, role)
    try:
        running.run_as_owner("manage.py", "migrate", "--noinput", "--verbosity", "0")
        running.run_as_owner("deploy/grants.py")
        running.run_as_owner("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
        load(running)
        running.start()
        yield running
    finally:
        running.end_processes()
        administer(servers.database, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        administer(servers.database, f"DROP ROLE IF EXISTS {role}")
