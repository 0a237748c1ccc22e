"""The sign-in as it is set for the portal, over the platform's apps alone."""

from __future__ import annotations

from tests.municipality.settings_platform import *  # noqa: F403  isort:skip
from municipality.settings.accounts import *  # noqa: F403  isort:skip  (after the platform's, which it overrides)
from tests.municipality.settings_platform import INSTALLED_APPS  # isort:skip

INSTALLED_APPS = ["municipality.accounts.apps.StaffAdminConfig" if app == "django.contrib.admin" else app for app in INSTALLED_APPS]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "municipality.ui.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "municipality.accounts.middleware.SessionLimitsMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "municipality.ui.middleware.RefusalMiddleware",
]
ROOT_URLCONF = "tests.municipality.accounts.urls"
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "/"
LANGUAGE_COOKIE_NAME = "django_language"
SESSION_IDLE_SECONDS = 15 * 60
SESSION_ABSOLUTE_SECONDS = 12 * 3600
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
MOBILE_ID_URL = "http://127.0.0.1:1"
MOBILE_ID_SERVICE_ID = "tests"
MOBILE_ID_CA_FILE = ""
MOBILE_ID_CLIENT_CERTIFICATE = ""
# A cache that nobody answers: the door may not need it.
CACHES = {"default": {"BACKEND": "tests.municipality.accounts.dead_cache.DeadCache"}}
CSRF_FAILURE_VIEW = "municipality.ui.errors.csrf_failure"
