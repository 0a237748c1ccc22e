"""Runs pieces of Python in the environment of a stack, as `manage.py shell -c` does, but in one process for all of them.

A line in is a piece of code as JSON; a line out is `{"answer": …}`, what it printed, or `{"error": …}`, its trace.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback

import django
from django.db import connection
from django.utils import translation


def serve() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                exec(json.loads(line), {"__name__": "__main__"})  # noqa: S102 - the test's own code
            answer = {"answer": said.getvalue()}
        except Exception:  # noqa: BLE001 - told to the test
            answer = {"error": traceback.format_exc()}
        translation.deactivate()
        connection.close()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    django.setup()
    serve()
