"""Which settings hold: what DJANGO_SETTINGS_MODULE names, else the demo's with PORTAL_DEMO=1 and production's without it."""

import os


def choose() -> None:
    """Name the settings for a process that has not been told them."""
    demo = os.environ.get("PORTAL_DEMO") == "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings" if demo else "municipality.settings.production")
