#!/usr/bin/env python3
"""Django's command line. PORTAL_DEMO=1 chooses the demo settings; without it production settings apply."""

import sys

from municipality import settings


def main() -> None:
    settings.set_default()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
