"""Settings of the tests: DATABASE_URL or SQLite in memory, REDIS_URL and CACHE_URL where given, nothing outside this machine."""

from __future__ import annotations

import atexit
import datetime as dt
import os
import shutil
import tempfile

if "PORTAL_VAR" not in os.environ:
    os.environ["PORTAL_VAR"] = tempfile.mkdtemp(prefix="portal-tests-")
    atexit.register(shutil.rmtree, os.environ["PORTAL_VAR"], ignore_errors=True)

from municipality.kernel import clock
from municipality.settings.base import *  # noqa: F403
from municipality.settings.base import CACHES, INSTALLED_APPS, STORAGES, TEMPLATES, VAR_DIR, env
from municipality.settings.databases import from_url
from municipality.settings.mail import use_mailers
from municipality.settings.undefined import Undefined

# Every run starts at the same instant, TEST_CLOCK or a Tuesday noon, and time passes from there. Processes that tests start inherit
# the offset in seconds (tools/stack/settings.py).
BEGINNING = env.str("TEST_CLOCK", "2026-11-24T12:00:00+03:00")
_offset = dt.datetime.fromisoformat(BEGINNING) - dt.datetime.now(dt.UTC)  # noqa: TID251
os.environ.setdefault("TEST_CLOCK_OFFSET", str(_offset.total_seconds()))
clock.set_offset(dt.timedelta(seconds=float(os.environ["TEST_CLOCK_OFFSET"])))
INSTALLED_APPS = [*INSTALLED_APPS, "sandbox.demo"]
SECRET_KEY = "tests-only-" + "0123456789abcdef" * 4
CIVIL_ID_KEY = "tests-only-civil-id-key-0123456789"
SIGNER_PASSPHRASE = "tests-only-passphrase"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PORTAL_URL = "https://portal.example.test"
DATABASES = {"default": from_url(env.str("DATABASE_URL", "sqlite://:memory:"))}
# Parallel test processes share the Redis servers, each with its own numbered database.
_NUMBER = int(env.str("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) * 2
# A test may hold its transaction open while another process loads a whole demo, drops triggers while the server vacuums a table, and runs
# on a machine that stops for seconds.
if "options" in DATABASES["default"]["OPTIONS"]:
    DATABASES["default"]["OPTIONS"]["options"] = (
        "-c statement_timeout=60000 -c lock_timeout=30000 -c idle_in_transaction_session_timeout=600000"
        # Tables of a few rows: to weigh all orders of a join of ten takes longer than any of them.
        " -c join_collapse_limit=4 -c from_collapse_limit=4"
    )
if env.str("CACHE_URL", ""):
    _location = f"{env.str('CACHE_URL').rpartition('/')[0]}/{_NUMBER}"
    CACHES = {**CACHES, "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _location}}
CELERY_BROKER_URL = f"{env.str('REDIS_URL').rpartition('/')[0]}/{_NUMBER}" if env.str("REDIS_URL", "") else "memory://"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = True  # no collected files are needed
SIGNER_KEY_FILE = str(VAR_DIR / "seal" / "seal.p12")
PUBLIC_QUEUE_SECONDS = REGISTER_FRESHNESS_SECONDS = NAMED_LISTS_SECONDS = 0  # no caching between tests

# URLs without a server; a test that needs one sets its own.
KNET_PAYMENT_URL = "https://bank.example.test/kpg/PaymentHTTP.htm"
KNET_TRANPIPE_URL = "https://bank.example.test/kpg/tranPipe.htm"
KNET_TRANPORTAL_ID = "999901"
KNET_PASSWORD = "999901pg"
KNET_RESOURCE_KEY = "1234567890ABCDEF"
MOBILE_ID_URL = "http://127.0.0.1:1"
MOBILE_ID_SERVICE_ID = "portal-tests"
SMS_URL = "http://127.0.0.1:1"

# An undefined variable in one of our templates is an error.
TEMPLATES = [{**TEMPLATES[0], "OPTIONS": {**TEMPLATES[0]["OPTIONS"], "string_if_invalid": Undefined()}}]  # type: ignore[dict-item]

use_mailers(globals())
