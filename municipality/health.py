"""`/healthz`: this process is alive. `/readyz`: whether the portal can serve pages, and what is degraded.

It is down (503) only if every page would fail: database, migrations, disk. Everything else is `degraded`, with its reason in both
languages, because the portal still serves pages.
"""

from __future__ import annotations

import ctypes.util
import datetime as dt
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.documents import pkcs11
from municipality.documents.models import SealState
from municipality.documents.signing import FILE_KEY, TOKEN
from municipality.jobs import queries as jobs
from municipality.jobs.clocks import MAX_SKEW
from municipality.jobs.heartbeats import BEAT, WORKER, WRONG_CLOCK
from municipality.jobs.models import Heartbeat
from municipality.kernel import clock
from municipality.ui.texts import Text
from municipality.uploads import parts
from municipality.uploads.malware import scanner
from payments import queries as payments

MAX_SILENCE = dt.timedelta(seconds=30)
MAX_WAIT = dt.timedelta(seconds=120)
MIN_FREE_BYTES = 500 * 1024 * 1024  # READY_FREE_BYTES in the settings changes it
Check = Callable[[], "Text | None"]  # the reason why not, as a lazy text; None when all is well


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process is alive; checks nothing."""
    return HttpResponse("ok", content_type="text/plain")


@public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """JSON {status: ok|degraded|down, checks: {name: {status, reason?: {ar, en}}}}; 503 when down."""
    checks: dict[str, Any] = {}
    status = "ok"
    for name, check in VITAL_CHECKS.items():
        checks[name] = _check_result(check(), "down")
        if checks[name]["status"] == "down":
            status = "down"
            break  # the following checks depend on it
    if status == "ok":
        checks |= {name: _check_result(check(), "degraded") for name, check in OTHER_CHECKS.items()}
        status = "degraded" if any(c["status"] != "ok" for c in checks.values()) else "ok"
    return JsonResponse({"status": status, "checks": checks}, status=503 if status == "down" else 200)


def _check_result(reason: Text | None, failed_status: str) -> dict[str, Any]:
    if reason is None:
        return {"status": "ok"}
    texts = {}
    for language in ("ar", "en"):
        with translation.override(language):
            texts[language] = str(reason)
    return {"status": failed_status, "reason": texts}


def database() -> Text | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return _("The database does not answer.")
    return None


@cache
def _migrations_on_disk() -> frozenset[tuple[str, str]]:
    from django.db.migrations.loader import MigrationLoader

    return frozenset(MigrationLoader(None).graph.nodes)


def migrations() -> Text | None:
    """One query; the migrations of the code are read once a process."""
    from django.db.migrations.recorder import MigrationRecorder

    try:
        missing = _migrations_on_disk() - set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError:
        return _("The database does not answer.")
    return _("The database is older than the program: migrations are missing.") if missing else None


def disk() -> Text | None:
    folder = Path(settings.VAR_DIR)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if shutil.disk_usage(folder).free < getattr(settings, "READY_FREE_BYTES", MIN_FREE_BYTES):
        return _("The disk is nearly full.")
    return None


def _is_silent(part: str) -> bool:
    last = Heartbeat.objects.filter(part=part).values_list("at", flat=True).first()
    return last is None or abs(clock.now() - last) > MAX_SILENCE


def worker() -> Text | None:
    return _("No worker has reported for half a minute. Requests are kept and carried out later.") if _is_silent(WORKER) else None


def beat() -> Text | None:
    return _("The scheduler has not reported for half a minute. Retries and periodic jobs are waiting.") if _is_silent(BEAT) else None


def clocks() -> Text | None:
    """Whether the clocks of this web server, of the workers and of beat agree with the database's."""
    if abs(clock.skew()) > MAX_SKEW:
        return _("The clock of the web server is more than five seconds from the database's. Set it right.")
    if not _is_silent(WRONG_CLOCK[WORKER]):
        return _("The clock of a worker is more than five seconds from the database's. It takes no work until its clock is right.")
    if not _is_silent(WRONG_CLOCK[BEAT]):
        return _("The scheduler's clock is more than five seconds from the database's. It dispatches nothing until its clock is right.")
    return None


def outbox() -> Text | None:
    due_at = jobs.oldest_due_at()
    if due_at is not None and clock.now() - due_at > MAX_WAIT:
        return _("A job has been waiting for more than two minutes.")
    return None


def signer() -> Text | None:
    """Whether the key of the seal is available: the file is readable, or the token was ready when a worker last used it."""
    if settings.SIGNER == TOKEN:
        return _token_problem()
    if settings.SIGNER == FILE_KEY and not os.access(settings.SIGNER_KEY_FILE, os.R_OK):
        return _("The key of the seal is missing. Licences wait until it is back.")
    return None


def _token_problem() -> Text | None:
    token = pkcs11.current_token()
    if token is None or token.state == SealState.AWAY:
        return _("The token with the key of the seal does not answer. Licences wait until it does.")
    if token.state == SealState.READY:
        return None
    if token.pin_refused_at is not None:
        return _("The token with the key of the seal refuses the PIN. Licences wait until the right one is on file.")
    return _("The key of the seal is not found in its token, or its PIN is not on file. Licences wait until it is.")


@cache
def _has_pango() -> bool:
    return any(ctypes.util.find_library(name) for name in ("pango-1.0", "pango-1.0-0", "libpango-1.0-0"))


def renderer() -> Text | None:
    return None if _has_pango() else _("The Pango library is missing. Documents wait until it is installed.")


def _redis_answers(url: str) -> bool:
    from redis import Redis, RedisError

    try:
        with Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except RedisError:
        return False
    return True


def broker() -> Text | None:
    url = str(settings.CELERY_BROKER_URL)
    if url.startswith(("redis://", "rediss://")) and not _redis_answers(url):
        return _("Redis does not answer. Jobs are picked up by the sweep, a few seconds later.")
    return None


def uploads() -> Text | None:
    if parts.is_unwritable():
        return _("The store for files that people send cannot be written. No file can be sent until it can.")
    return None


def file_scanner() -> Text | None:
    if not scanner().is_available():
        return _("The scanner for harmful files does not answer. Files that were sent wait, unseen, until it does.")
    return None


def callbacks() -> Text | None:
    if payments.callbacks_are_full():
        return _("So much that is not the bank's is sent to the bank's address that it is only counted. Payments go on.")
    return None


VITAL_CHECKS: dict[str, Check] = {"database": database, "migrations": migrations, "disk": disk}
OTHER_CHECKS: dict[str, Check] = {
    "worker": worker,
    "beat": beat,
    "clocks": clocks,
    "outbox": outbox,
    "signer": signer,
    "renderer": renderer,
    "redis": broker,
    "uploads": uploads,
    "scanner": file_scanner,
    "callbacks": callbacks,
}
