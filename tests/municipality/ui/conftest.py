"""The face is tried alone: its own addresses, middleware and templates, whatever settings the suite runs with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.municipality.ui import gallery
from tests.municipality.ui import settings as own

_NAMES = (
    "ALLOWED_HOSTS",
    "CSRF_FAILURE_VIEW",
    "DEMO",
    "FORMAT_MODULE_PATH",
    "FORM_RENDERER",
    "LANGUAGE_CODE",
    "LANGUAGES",
    "LOCALE_PATHS",
    "MIDDLEWARE",
    "ROOT_URLCONF",
    "STATICFILES_DIRS",
    "STATIC_URL",
    "TEMPLATES",
)


@pytest.fixture(autouse=True)
def face(settings: Any) -> Any:
    for name in _NAMES:
        setattr(settings, name, getattr(own, name))
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    gallery.SENT.clear()
    return settings
