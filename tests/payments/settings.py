"""Payments and the platform below, without the services above. For these tests alone: DJANGO_SETTINGS_MODULE=tests.payments.settings."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("PORTAL_VAR", tempfile.mkdtemp(prefix="payments-tests-"))

from municipality.settings.databases import from_url  # noqa: E402
from tests.municipality.settings_platform import *  # noqa: E402, F403
from tests.municipality.settings_platform import _APPS, BASE_DIR, INSTALLED_APPS, VAR_DIR  # noqa: E402

INSTALLED_APPS = list(dict.fromkeys(["municipality.ui", "payments", *INSTALLED_APPS, "django.contrib.staticfiles"]))
MIGRATION_MODULES = dict.fromkeys((*_APPS, "payments"))
DATABASES = {"default": from_url(os.environ.get("DATABASE_URL", "sqlite://:memory:"))}
PORTAL_URL = "https://portal.example.test"
ROOT_URLCONF = "tests.payments.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "municipality.ui.context.portal",
            ],
            "builtins": ["municipality.ui.templatetags.portal", "django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "municipality.ui.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "municipality.ui.middleware.RefusalMiddleware",
]
STATICFILES_DIRS = [Path(BASE_DIR) / "static"]
KNET_PAYMENT_URL = "https://bank.example.test/kpg/PaymentHTTP.htm"
KNET_TRANPIPE_URL = "https://bank.example.test/kpg/tranPipe.htm"
KNET_TRANPORTAL_ID = "999901"
KNET_PASSWORD = "999901pg"
KNET_RESOURCE_KEY = "1234567890ABCDEF"
KNET_CA_FILE = ""
KNET_LANGID_AR = "AR"
KNET_LANGID_EN = "EN"
KNET_XML_WRAPPER = False
KNET_INQUIRY_DELAY_SECONDS = 3
KNET_CONFIRM_DELAY_SECONDS = 600
KNET_PAGE_LIFETIME_SECONDS = 1800
SIGNER_KEY_FILE = str(VAR_DIR / "seal.p12")
