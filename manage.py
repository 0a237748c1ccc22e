#!/usr/bin/env python3
"""Django's command line. PORTAL_DEMO=1 chooses the demo settings; without it production settings apply."""

import os
import sys


def main() -> None:
    demo = os.environ.get("PORTAL_DEMO") == "1"
    os.environ.setdefault(
        "DJANGO_SETTINGS_MODULE",
        "municipality.settings.demo" if demo else "municipality.settings.production",
    )
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
