"""A page gives up after 15 seconds of one statement; what makes indexes of whole tables does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from script.support.environment import ROOT


@pytest.mark.parametrize(
    ("command", "limit"), [("migrate", 0), ("search_rebuild", 0), ("runserver", 15_000), ("migrate_something", 15_000)]
)
def test_only_what_makes_indexes_has_no_limit_a_statement(command: str, limit: int) -> None:
    said = f"import sys; sys.argv = ['manage.py', '{command}']; from municipality.settings import databases as d"
    said += "; print(d.POSTGRES_OPTIONS['options'])"
    answer = subprocess.run([sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"statement_timeout={limit} " in answer.stdout and "lock_timeout=3000" in answer.stdout
