"""Settings for the demo's own tests: the whole portal with the demo on top, SQLite, tables made from the models."""

from __future__ import annotations

import os
from pathlib import Path

from municipality.settings.base import *  # noqa: F403
from municipality.settings.base import BASE_DIR, INSTALLED_APPS

VAR_DIR = Path(os.environ.get("PORTAL_VAR", BASE_DIR / "var" / "demo-tests"))
DEMO = True
SECRET_KEY = "demo-only-tests"
CIVIL_ID_KEY = "demo-only-tests"
PORTAL_URL = "http://127.0.0.1:8000"
ALLOWED_HOSTS = ["testserver"]
if "municipality.demo" not in INSTALLED_APPS:
    INSTALLED_APPS = [
        *INSTALLED_APPS[: INSTALLED_APPS.index("reports") + 1],
        "municipality.demo",
        *INSTALLED_APPS[INSTALLED_APPS.index("reports") + 1 :],
    ]
MIGRATION_MODULES = {
    name.rpartition(".")[2]: None
    for name in INSTALLED_APPS
    if name.startswith("municipality.") or ("." not in name and name not in ("allauth", "csp"))
}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DEMO_DATABASE", str(VAR_DIR / "demo.sqlite3")),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
        "TEST": {"NAME": ":memory:"},
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_BROKER_URL = "memory://"
SIGNER_KEY_FILE = str(VAR_DIR / "seal" / "seal.p12")
SIGNER_PASSPHRASE = "demo-only-tests"
SILENCED_SYSTEM_CHECKS = ["account.W001"]
