"""Fitting an existing demo database to the present code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from script.support.prepare import StaticFiles, _migrate
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


def test_static_files_are_collected_in_a_process_beside_the_migrations_once_a_change(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "staticfiles.json").write_text("{}")
    first, step = StaticFiles(tmp_path), Step()
    assert first.process is not None
    first.stop()
    first.stamp.write_text(first.digest)
    again = StaticFiles(tmp_path)
    again.wait(step)
    assert again.process is None and step.note == "unchanged"


def test_files_that_could_not_be_collected_stop_the_start_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "municipality.settings.gone")
    files = StaticFiles(tmp_path)
    with pytest.raises(Stop) as refusal:
        files.wait(Step())
    assert "municipality.settings.gone" in refusal.value.sentence
    assert not files.stamp.exists(), "the next start collects them"
