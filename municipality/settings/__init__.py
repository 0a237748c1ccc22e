"""The choice of settings: DJANGO_SETTINGS_MODULE, by default those of the demo if PORTAL_DEMO=1, else of production."""

import os


def set_default() -> None:
    """Set DJANGO_SETTINGS_MODULE if it is not set."""
    demo = os.environ.get("PORTAL_DEMO") == "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings" if demo else "municipality.settings.production")
