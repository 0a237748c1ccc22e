"""Settings for the steps that build an image, such as `collectstatic`: no secret, no database, nothing of the demo."""

from __future__ import annotations

import secrets

from municipality.settings.base import *  # noqa: F403

SECRET_KEY = secrets.token_hex(32)
