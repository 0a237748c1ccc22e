"""Settings for building an image, such as `collectstatic`: without secrets and database."""

from __future__ import annotations

import secrets

from municipality.settings.base import *  # noqa: F403

SECRET_KEY = secrets.token_hex(32)
