"""Settings of the open data: licence (an assumption until the operator decides), contact, and when a file is stale."""

from __future__ import annotations

import environ

_env = environ.Env()

OPEN_DATA_LICENCE_URL = _env.str("OPEN_DATA_LICENCE_URL", "") or "https://creativecommons.org/licenses/by/4.0/"
OPEN_DATA_LICENCE_NAME_AR = _env.str("OPEN_DATA_LICENCE_NAME_AR", "") or "المشاع الإبداعي، نسب المُصنَّف 4.0 دولي"
OPEN_DATA_LICENCE_NAME_EN = _env.str("OPEN_DATA_LICENCE_NAME_EN", "") or "Creative Commons Attribution 4.0 International"
OPEN_DATA_CONTACT = _env.str("OPEN_DATA_CONTACT", "") or "portal@example.invalid"  # an e-mail address
OPEN_DATA_STALE_SECONDS = _env.int("OPEN_DATA_STALE_SECONDS", 26 * 3600)
