"""The portal's processes with their commands and environment, for the demo, the tests and production alike."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

QUEUES = ("urgent", "documents", "messages", "bulk")
# Settings of a real portal that are exported in the shell must not affect the demo or a test.
OWN_PREFIXES = (
    *("DJANGO_", "KNET_", "TASDEED_", "MOCI_", "MOBILE_ID_", "OPENID_", "SMS_", "EMAIL_", "SIGNER", "SECRET_KEY", "CIVIL_ID_KEY"),
    *("CELERY_", "WEB_", "SECURE_"),
)
OWN_NAMES = (
    "DATABASE_URL",
    "DATABASE_URL_FILE",
    "REDIS_URL",
    "REDIS_URL_FILE",
    "CACHE_URL",
    "CACHE_URL_FILE",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "PORTAL_URL",
    "STATIC_ROOT",
    "DEBUG",
    "TEST_CLOCK_OFFSET",
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
)


@dataclass(frozen=True)
class Process:
    """One process: `command` is an argument list; after SIGTERM it has `stop_seconds` to finish."""

    name: str
    command: tuple[str, ...]
    stop_seconds: int = 25


def clean_environment(surroundings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The shell's environment without settings of the portal."""
    source = os.environ if surroundings is None else surroundings
    return {k: v for k, v in source.items() if not k.startswith(OWN_PREFIXES) and k not in OWN_NAMES}


def demo_environment(port: int, var: Path) -> dict[str, str]:
    """The environment of the processes of a demo on `port` with its data in `var`."""
    return clean_environment() | {
        "PORTAL_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "sandbox.settings",
        "PORT": str(port),
        "PORTAL_VAR": str(var),
        "WEB_BIND": f"127.0.0.1:{port}",
        "WEB_WORKERS": "1",
        "WEB_THREADS": "16",  # without a reverse proxy, slow clients hold threads
        "PYTHONUNBUFFERED": "1",
    }


def simulators(python: str, port: int) -> list[Process]:
    """The simulators of the bank, of Mobile ID, of the SMS gateway and of the commercial register, on the ports after the portal's.

    They are started by path, so that they cannot import the project.
    """
    tasdeed = Process("tasdeed", (python, "sandbox/simulators", "tasdeed", "--port", str(port + 4)), stop_seconds=5)
    return [
        *([tasdeed] if "tasdeed" in os.environ.get("PAYMENT_PROVIDER", "") else []),
        Process("knet", (python, "sandbox/simulators", "knet", "--port", str(port + 1)), stop_seconds=5),
        Process("mobile-id", (python, "sandbox/simulators", "mobile_id", "--port", str(port + 2)), stop_seconds=5),
        Process("sms", (python, "sandbox/simulators", "sms", "--port", str(port + 3)), stop_seconds=5),
        Process("moci", (python, "sandbox/simulators", "moci", "--port", str(port + 5)), stop_seconds=5),
    ]


def web(python: str) -> Process:
    """The web server, configured by the environment (deploy/gunicorn.conf.py)."""
    return Process("web", (python, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "municipality.wsgi"))


def worker(python: str, *, pool: str = "prefork", concurrency: int = 2, name: str = "worker") -> Process:
    """The Celery worker: with threads in the demo, with prefork (and hard time limits) in production."""
    celery = (python, "-m", "celery", "-A", "municipality", "worker", "--loglevel", "warning", "-n", f"{name}@%h")
    lean = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return Process(name, (*celery, "-P", pool, "-c", str(concurrency), "-Q", ",".join(QUEUES), *lean), stop_seconds=60)


def beat(python: str, var: Path) -> Process:
    """Celery beat; its schedule file is in `var/run`."""
    celery = (python, "-m", "celery", "-A", "municipality.beat", "beat", "--loglevel", "warning")
    return Process("beat", (*celery, "--schedule", str(var / "run" / "beat"), "--pidfile="), stop_seconds=5)


def demo_processes(python: str, port: int, var: Path) -> list[Process]:
    """Everything that `script/server` runs, in the order of start."""
    return [*simulators(python, port), web(python), worker(python, pool="threads"), beat(python, var)]
