"""Test databases, migrated once.

Applying every migration takes more than ten seconds of processor time, most of it Django rendering its models anew. A database in memory
therefore begins as a copy of the file that an earlier process left, and one of PostgreSQL as a copy of a template on its server, as long
as no migration and no library has changed; `migrate` runs over it all the same and finds nothing to apply. Where nothing is kept yet,
one process of a parallel run migrates and the others wait for its file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import django
import psycopg2
from django.db.backends.sqlite3.creation import DatabaseCreation

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "test" / "migrated"
_open: list[sqlite3.Connection] = []  # a database in memory lasts as long as somebody has it open


def keep() -> None:
    """From now on, databases in memory begin as copies of what was kept, and what was migrated in full is kept."""
    make, create = DatabaseCreation._create_test_db, DatabaseCreation.create_test_db

    def made(self: Any, *arguments: Any, **options: Any) -> str:
        name: str = make(self, *arguments, **options)
        if self.is_in_memory_db(name) and kept().exists():
            _open.append(sqlite3.connect(name, uri=True))
            with sqlite3.connect(f"file:{kept()}?mode=ro", uri=True) as source:
                source.backup(_open[-1])
            source.close()
        return name

    def created(self: Any, *arguments: Any, **options: Any) -> str:
        if kept().exists() or not self.is_in_memory_db(self._get_test_db_name()):
            return str(create(self, *arguments, **options))
        with _alone():
            name: str = create(self, *arguments, **options)
            if not kept().exists():
                _write(self.connection.connection)
        return name

    DatabaseCreation._create_test_db = made  # type: ignore[method-assign]
    DatabaseCreation.create_test_db = created  # type: ignore[method-assign]


def template(url: str) -> str:
    """The name of a migrated database on the PostgreSQL server of `url`, made by whichever process of a parallel run asks first."""
    name, server = f"portal_migrated_{_number()}", url.rpartition("/")[0]
    connection = psycopg2.connect(f"{server}/postgres")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('portal_migrated'))")
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'portal\\_migrated\\_%'")
            found = {row[0] for row in cursor.fetchall()}
            for old in found - {name}:
                cursor.execute(f"DROP DATABASE {old}")
            if name not in found:
                cursor.execute(f"CREATE DATABASE {name}_new")
                migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
                subprocess.run(migrate, cwd=ROOT, env={**os.environ, "DATABASE_URL": f"{server}/{name}_new"}, check=True)
                cursor.execute(f"ALTER DATABASE {name}_new RENAME TO {name}")
    finally:
        connection.close()
    return name


def database(url: str) -> str:
    """What a portal of its own may begin with: a migrated database on the server of `url`, or a file of SQLite; empty if none was kept."""
    if url:
        return template(url)
    return str(kept()) if kept().exists() else ""


def file() -> Path:
    """The file of a migrated database of SQLite, to be copied; made by whichever process of a parallel run asks first."""
    if not kept().exists():
        with _alone():
            if not kept().exists():
                fresh = FOLDER / f"{os.getpid()}.new"
                migrate = [sys.executable, "manage.py", "migrate", "--run-syncdb", "--verbosity=0"]
                subprocess.run(migrate, cwd=ROOT, env={**os.environ, "DATABASE_URL": f"sqlite:///{fresh}"}, check=True)
                with contextlib.closing(sqlite3.connect(fresh)) as written:
                    written.execute("PRAGMA journal_mode = DELETE")
                _keep(fresh)
    return kept()


@cache
def kept() -> Path:
    """Where the database of SQLite is kept."""
    return FOLDER / f"{_number()}.sqlite3"


@cache
def _number() -> str:
    """A number for the present migrations, libraries and Python."""
    number = hashlib.sha256(f"{sys.version}\0{django.VERSION}\0{sqlite3.sqlite_version}\0".encode())
    paths = [ROOT / "requirements-dev.txt", *ROOT.glob("*/migrations/*.py"), *ROOT.glob("municipality/*/migrations/*.py")]
    for path in sorted(paths):
        number.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return number.hexdigest()[:32]


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One process at a time; whoever waited finds what the one before it kept."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(connection: sqlite3.Connection) -> None:
    """A whole file or none; the ones of earlier migrations go."""
    fresh = FOLDER / f"{os.getpid()}.new"
    with sqlite3.connect(fresh) as target:
        connection.backup(target)
    target.close()
    _keep(fresh)


def _keep(fresh: Path) -> None:
    for old in sorted(FOLDER.glob("*.sqlite3"), key=lambda path: path.stat().st_mtime)[:-3]:
        old.unlink(missing_ok=True)
    fresh.replace(kept())
