"""Updates database, static files, seal and demo data for the present code. Runs inside `.venv` with the demo's environment.

Every part can be repeated: the next start finishes what an interrupted one began.
"""

from __future__ import annotations

import hashlib
import io
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path

from script.support import translations
from script.support.environment import ROOT
from script.support.say import Step, Stop, step


def _digest(paths: Iterable[Path]) -> str:
    """A hash of the names, sizes and modification times of files."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            stat = path.stat()
            digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _static_digest(venv_stamp: Path) -> str:
    folders = [ROOT / "static", *ROOT.glob("*/static"), *ROOT.glob("municipality/*/static")]
    files = (path for folder in folders if not folder.is_relative_to(ROOT / "var") for path in folder.rglob("*"))
    return _digest([*files, venv_stamp])


def _migrate(current: Step) -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    unknown = executor.loader.applied_migrations.keys() - executor.loader.disk_migrations.keys()
    if unknown:
        raise Stop("The demo's database is from older code. script/server --fresh begins with a new one.")
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    call_command("migrate", verbosity=0, interactive=False)
    current.note = f"{len(pending)} migrations applied" if pending else "up to date"


def _collect(current: Step, run: Path) -> None:
    from django.conf import settings
    from django.core.management import call_command

    stamp = run / "static.sha256"
    digest = _static_digest(Path(sys.prefix) / "portal-stamp.json")
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest and (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        current.note = "unchanged"
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(digest, encoding="ascii")


def _has_command(name: str) -> bool:
    from django.core.management import get_commands

    return name in get_commands()


def _call(name: str, *arguments: str) -> str:
    """The output of a management command. Raises Stop with the message of its CommandError."""
    from django.core.management import CommandError, call_command

    out = io.StringIO()
    try:
        call_command(name, *arguments, stdout=out)
    except CommandError as refusal:
        raise Stop(f"manage.py {name}: {refusal}") from refusal
    return out.getvalue()


def prepare(var: Path, *demo: str) -> None:
    """Run all parts, and write how the demo's people sign in to `var/run/people.txt`."""
    import django
    from django.conf import settings

    run = var / "run"
    with step("Translations") as current:
        written = translations.compile_all(ROOT)
        current.note = f"{written} compiled" if written else "unchanged"
    with step("Database") as current:
        django.setup()
        transport = dict(settings.CELERY_BROKER_TRANSPORT_OPTIONS)
        for key in ("data_folder_in", "data_folder_out", "control_folder"):
            if key in transport:
                Path(str(transport[key])).mkdir(parents=True, exist_ok=True)
        _migrate(current)
    with step("Static files") as current:
        _collect(current, run)
    if _has_command("make_seal"):
        with step("Seal for licences") as current:
            current.note = _last_line(_call("make_seal"))
    if _has_command("demo"):
        with step("Demo data") as current:
            current.note = _last_line(_call("demo", *demo))
        people = run / "people.txt"
        people.touch(mode=0o600)  # it contains the demo's passwords
        people.write_text(_call("demo", "--people"), encoding="utf8")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:90] if lines else ""


def main() -> int:
    """Arguments: the folder of the demo, then those of `manage.py demo`. Returns 1 after an error message."""
    var = Path(sys.argv[1])
    try:
        prepare(var, *sys.argv[2:])
    except Stop as refusal:
        print(refusal.sentence, file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001  # the traceback goes to the log and one line to the terminal
        log = var / "log" / "setup.log"
        with log.open("a", encoding="utf8") as out:
            traceback.print_exc(file=out)
        print(f"{type(error).__name__}: {error} (the whole of it is in {log})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
