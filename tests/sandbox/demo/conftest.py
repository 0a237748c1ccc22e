"""One small load shared by a module's tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings

from municipality.rulebook import queries
from tests.published_rules import read_editions

ANCHOR = dt.datetime(2026, 11, 2, 6, 30, tzinfo=dt.UTC)


def load(**options: Any) -> str:
    """Load the small demo in a transaction that is never committed; what was printed."""
    out = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        # A step of the real load finds in memory what the steps before it committed.
        patch.setattr(queries, "preload_editions", lambda: queries._editions.update(read_editions()))
        call_command("demo", small=True, stdout=out, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small demo, loaded in a transaction that is rolled back after the module; gives the folder of its files."""
    var = tmp_path_factory.mktemp("var")
    # Keys of its own: what is derived from them is the same as in the process that the load is compared with.
    own = override_settings(
        DEMO=True,
        VAR_DIR=var,
        SECRET_KEY="demo-only-tests",
        CIVIL_ID_KEY="demo-only-tests",
        SIGNER_KEY_FILE=str(var / "seal" / "seal.p12"),
        SIGNER_PASSPHRASE="demo-only-tests",
    )
    with django_db_blocker.unblock(), own, transaction.atomic():
        call_command("make_seal", stdout=StringIO())
        load(anchor=ANCHOR.isoformat())
        yield var
        transaction.set_rollback(True)
