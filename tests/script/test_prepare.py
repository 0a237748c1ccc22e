"""Fitting an existing demo database to the present code."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from script.support.prepare import _migrate
from script.support.say import Step, Stop

pytestmark = pytest.mark.django_db


def test_a_database_of_older_code_is_refused_in_a_sentence_that_says_what_to_do() -> None:
    step = Step()
    _migrate(step)
    assert step.note == "up to date"
    MigrationRecorder(connection).record_applied("shops", "0013_sets_of_open_data")
    with pytest.raises(Stop) as refusal:
        _migrate(step)
    assert refusal.value.sentence == "The demo's database is from older code. script/server --fresh begins with a new one."
