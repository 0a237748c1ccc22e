"""The face alone: its app, contrib, SQLite in memory, with the portal's own Arabic."""

from __future__ import annotations

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent.parent


DEBUG = False
DEMO = True
SECRET_KEY = "tests-only"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "municipality.ui",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "municipality.ui.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "municipality.ui.middleware.RefusalMiddleware",
]
ROOT_URLCONF = "tests.municipality.ui.gallery"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [
            BASE_DIR / "tests" / "municipality" / "ui" / "templates",
            BASE_DIR / "templates",
        ],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "municipality.ui.context.portal",
            ],
            "builtins": [
                "municipality.ui.templatetags.portal",
                "django.templatetags.cache",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    }
]
FORM_RENDERER = "municipality.ui.forms.PortalRenderer"
CSRF_FAILURE_VIEW = "municipality.ui.errors.csrf_failure"
LANGUAGE_CODE = "ar"
LANGUAGES = [("ar", "العربية"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["municipality.ui.formats"]
USE_TZ = True
TIME_ZONE = "Asia/Kuwait"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
