"""Settings under which the attack's database is filled with the demo's people: those of production, and the demo's commands."""

from __future__ import annotations

from municipality.settings.production import *  # noqa: F403
from municipality.settings.production import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "sandbox.demo"]
TESTING_DEMO = True
