"""The platform alone, without the service apps: contrib, its own apps, SQLite in memory or DATABASE_URL."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from municipality.settings.databases import from_url

BASE_DIR = Path(__file__).resolve().parent.parent.parent
_APPS = ("places", "audit", "jobs", "accounts", "rulebook", "documents", "notifications", "cases")

DEBUG = False
DEMO = False
SECRET_KEY = "tests-only"
CIVIL_ID_KEY = "tests-only"
PORTAL_URL = "https://portal.example"
ALLOWED_HOSTS = ["testserver"]
VAR_DIR = Path(os.environ.get("PORTAL_VAR") or tempfile.mkdtemp(prefix="portal-tests-"))
DATABASES = {"default": from_url(os.environ.get("DATABASE_URL", "sqlite://:memory:"))}
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "municipality.ui",
    *(f"municipality.{name}" for name in _APPS),
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "allauth.usersessions",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "tests.municipality.urls_platform"
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
FORM_RENDERER = "municipality.ui.forms.PortalRenderer"
FORMAT_MODULE_PATH = ["municipality.ui.formats"]
LANGUAGE_CODE = "ar"
LANGUAGES = [("ar", "العربية"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "Asia/Kuwait"
STATIC_URL = "/static/"
LOGIN_URL = "/login/"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SMS_BACKEND = "municipality.notifications.sms.HttpSms"
SMS_URL = "http://sms.example"
SIGNER = "municipality.documents.signing.FileKeySigner"
SIGNER_KEY_FILE = str(VAR_DIR / "seal" / "seal.p12")
SIGNER_PASSPHRASE = ""
CELERY_BROKER_URL = ""
CELERY_TASK_ALWAYS_EAGER = False
