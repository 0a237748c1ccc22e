"""Settings for the demo's own tests: the whole portal with the demo on top, SQLite or DATABASE_URL."""

from __future__ import annotations

import os
from pathlib import Path

from municipality.settings.base import *  # noqa: F403
from municipality.settings.base import BASE_DIR, INSTALLED_APPS
from municipality.settings.databases import from_url

VAR_DIR = Path(os.environ.get("PORTAL_VAR", BASE_DIR / "var" / "demo-tests"))
DEMO = True
SECRET_KEY = "demo-only-tests"
CIVIL_ID_KEY = "demo-only-tests"
PORTAL_URL = "http://127.0.0.1:8000"
ALLOWED_HOSTS = ["testserver"]
if "sandbox.demo" not in INSTALLED_APPS:
    INSTALLED_APPS = [
        *INSTALLED_APPS[: INSTALLED_APPS.index("reports") + 1],
        "sandbox.demo",
        *INSTALLED_APPS[INSTALLED_APPS.index("reports") + 1 :],
    ]
DATABASES = {"default": from_url(os.environ.get("DATABASE_URL", f"sqlite:///{VAR_DIR / 'demo.sqlite3'}"))}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_BROKER_URL = "memory://"
SIGNER_KEY_FILE = str(VAR_DIR / "seal" / "seal.p12")
SIGNER_PASSPHRASE = "demo-only-tests"
SILENCED_SYSTEM_CHECKS = ["account.W001"]
