"""The floor sends what the page sends and weighs what the page weighs; nothing here measures time."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings

from municipality.documents.models import VerificationCheck
from tools.benchmarks import floor, recording, tables
from tools.benchmarks.client import COUNT, QUERIES, RECORD

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def client(settings: Any) -> Client:
    first, last = "tools.benchmarks.recording.CountingMiddleware", "tools.benchmarks.recording.RecordingMiddleware"
    with override_settings(ROOT_URLCONF="tools.benchmarks.urls", MIDDLEWARE=[first, *settings.MIDDLEWARE, last]):
        recording.RECORDINGS.clear()
        yield Client()
        recording.RECORDINGS.clear()


PATHS = {"privacy": ("/ar/privacy/", "/ar/floor/privacy", 200), "verify": ("/verify/AAAABBBBCCCCDDDDEEEE", "/ar/floor/verify", 404)}


@pytest.mark.parametrize("name", PATHS)
def test_the_floor_asks_as_often_and_answers_as_many_bytes_as_the_page(client: Client, name: str) -> None:
    page, below, status = PATHS[name]
    client.get(page)  # what the first request loads is not part of the page
    recorded = client.get(page, headers={RECORD: name})
    floored = client.get(below, headers={COUNT: "1"})
    real = client.get(page, headers={COUNT: "1"})
    assert (recorded.status_code, floored.status_code) == (status, status)
    assert len(floored.content) == len(recorded.content) > 1000
    assert floored.headers[QUERIES] == "0"  # a bare cursor, below the wrapper that counts
    assert len(recording.RECORDINGS[name].statements) == int(real.headers[QUERIES])


def test_neither_recording_nor_floor_leaves_a_row(client: Client) -> None:
    page, below, _ = PATHS["verify"]
    client.get(page, headers={RECORD: "verify"})
    client.get(below)
    assert VerificationCheck.objects.count() == 0
    client.get(page)  # the control: the page itself does
    assert VerificationCheck.objects.count() == 1


def test_a_row_that_the_floor_inserts_stands_where_the_recorded_one_stood(client: Client) -> None:
    from django.db import connection, transaction

    recording.separate_numbers()
    with recording.undone(), connection.execute_wrapper(tape := recording.Tape()), transaction.atomic():
        check = VerificationCheck.objects.create(at="2026-11-24T09:00Z", found=False)
        VerificationCheck.objects.filter(pk=check.pk).update(found=True)
        assert list(VerificationCheck.objects.filter(pk=check.pk).values_list("found")) == [(True,)]
    assert [statement.rows for statement in tape.statements] == [1, 0, 1]
    assert recording.replay(recording.Recording(tape.statements)) == 2
    forgetful = [recording.Statement(s.sql, s.params, s.rows) for s in tape.statements]  # without the numbers the row is not found
    assert recording.replay(recording.Recording(forgetful)) == 1


def test_the_floors_template_has_as_many_variables_as_the_page_and_refuses_template_code() -> None:
    recorded = recording.Recording(values=5, body=("خدمات " * 200).encode())
    source = floor.source(recorded)
    assert source.count("{{ v") == 5
    with pytest.raises(ValueError, match="template code"):
        floor.source(recording.Recording(values=5, body=b"{% now %}" * 100))


def test_values_are_counted_as_the_templates_put_them_in() -> None:
    from django.template import engines

    template = engines["django"].from_string("{{ a }}{% for b in c %}{{ b }}{% endfor %}")
    with recording.counted_values() as put:
        template.render({"a": 1, "c": "xyz"})
    template.render({"a": 1, "c": "xyz"})
    assert len(put) == 4


def test_the_floor_makes_a_forms_token_where_the_page_makes_one(client: Client) -> None:
    client.get("/verify/", headers={RECORD: "form"})
    client.get("/ar/privacy/", headers={RECORD: "text"})
    assert "csrftoken" in Client().get("/ar/floor/form").cookies
    assert "csrftoken" not in Client().get("/ar/floor/text").cookies


def test_the_floor_checks_foreign_keys_as_a_commit_would() -> None:
    from psycopg2 import IntegrityError  # past the wrapper

    orphan = recording.Statement(
        "INSERT INTO documents_verificationcheck (at, document_id, found) VALUES (now(), %s, false) RETURNING id", (999_999_999,), 1, ()
    )
    with pytest.raises(IntegrityError):
        recording.replay(recording.Recording([orphan]))


def test_a_table_is_written_between_its_marks_and_nowhere_else(tmp_path: Any) -> None:
    path = tmp_path / "page.md"
    path.write_text("before <!-- a: begin -->old<!-- a: end --> after <!-- b: begin -->kept<!-- b: end -->")
    tables.publish("a", tables.table(("x", "y"), [("one", 1)]), write=True, path=path)
    text = path.read_text()
    assert "| one | 1 |" in text and "old" not in text and "kept" in text and text.startswith("before ") and " after " in text
    with pytest.raises(ValueError, match="marks"):
        tables.publish("c", "x", write=True, path=path)
