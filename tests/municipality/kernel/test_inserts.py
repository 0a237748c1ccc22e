"""A new row is the same whether the mapper words its statement or one that is kept does, and what cannot be kept is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.db.models.signals import post_save
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext, isolate_apps

from municipality.audit.models import Act, Link
from municipality.jobs.models import Job
from municipality.kernel import inserts
from municipality.kernel.inserts import insert, insert_new
from municipality.places.models import Area

pytestmark = pytest.mark.django_db

AT = dt.datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=dt.UTC)


def job(key: str, **changes: Any) -> Job:
    text = {"ar": "نصّ «%s» ' \" \\", "list": [1, None, 2.5], "empty": {}}
    return Job(**{"kind": "tests.kind", "key": key, "queue": "bulk", "args": text, "due_at": AT, "created_at": AT, **changes})


def test_a_row_is_the_mappers_own() -> None:
    own, mappers = job("own", lease_until=AT, tries=3), job("mappers", lease_until=AT, tries=3)
    insert(own)
    mappers.save(force_insert=True)
    found = [model_to_dict(Job.objects.get(pk=row.pk), exclude=["id", "key"]) for row in (own, mappers)]
    assert found[0] == found[1] and own.pk != mappers.pk
    kept = Job.objects.get(pk=own.pk)
    assert (kept.key, kept.args, kept.due_at, kept.finished_at) == ("own", own.args, AT, None)
    assert not own._state.adding and own._state.db == "default"
    own.tries = 4
    own.save(update_fields=["tries"])  # it is that row from now on
    assert Job.objects.get(key="own").tries == 4


def test_many_rows_get_their_numbers_by_few_statements() -> None:
    rows = [job(f"many {number}") for number in range(250)]
    with CaptureQueriesContext(connection) as asked:
        insert(*rows)
        insert()
    assert len(asked) == 3
    assert {row.key: row.pk for row in rows} == dict(Job.objects.values_list("key", "pk"))
    assert insert_new([], by="key") == []


@pytest.mark.django_db(transaction=True)
def test_all_or_none_of_many_rows() -> None:
    with pytest.raises(IntegrityError):
        insert(*(job(f"many {number}") for number in range(150)), job("many 3"))
    assert not Job.objects.exists()


def test_a_row_is_inserted_once() -> None:
    row = job("once")
    insert(row)
    for again in (lambda: insert(row), lambda: insert_new([row], by="key")):
        with pytest.raises(ValueError, match="already"):
            again()
    assert Job.objects.count() == 1


def test_it_is_worded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    worded: list[type] = []
    kept = inserts._worded
    monkeypatch.setattr(inserts, "_wordings", {})
    monkeypatch.setattr(inserts, "_worded", lambda model, quote: (worded.append(model), kept(model, quote))[1])
    for number in range(3):
        insert(job(f"once {number}"))
        insert_new([job(f"new {number}")], by="key")
    assert worded == [Job] and Job.objects.count() == 6


def test_what_is_there_already_is_left_as_it_is() -> None:
    insert(job("second", tries=7))
    rows = [job("first"), job("second"), job("third")]
    with CaptureQueriesContext(connection) as asked:
        new = insert_new(rows, by="key")
    assert len(asked) == 1 and new == [rows[0], rows[2]]
    assert [row.pk for row in new] == list(Job.objects.filter(key__in=["first", "third"]).order_by("key").values_list("pk", flat=True))
    assert rows[1].pk is None and rows[1]._state.adding
    assert Job.objects.get(key="second").tries == 7


def test_a_broken_rule_is_refused_by_the_database() -> None:
    insert(job("once"))
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(job("once"))
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_new([job("no state", state="gone")], by="key")  # only unique keys are looked past
    assert list(Job.objects.values_list("key", flat=True)) == ["once"]


@pytest.mark.parametrize("worked_out", [Now(), F("due_at")])
def test_a_value_that_the_database_would_work_out_is_refused(worked_out: Any) -> None:
    with pytest.raises(TypeError, match="due_at"):
        insert(job("later", due_at=worked_out))
    assert not Job.objects.exists()


def made(name: str, parent: type[models.Model] = models.Model, **fields: Any) -> Any:
    meta = type("Meta", (), {"app_label": "places"})
    return type(name, (parent,), {"__module__": __name__, "Meta": meta, **fields})


def test_rows_that_need_more_than_plain_values_are_refused() -> None:
    with isolate_apps("municipality.places"):
        plain = made("Plain", at=models.DateTimeField())
        rows = [
            made("Defaulted", at=models.DateTimeField(db_default=Now()))(),
            made("Bytes", content=models.BinaryField())(content=b"x"),
            made("Heir", plain)(at=AT),
            made("Own", save=lambda self: None, at=models.DateTimeField())(at=AT),
            Link(number=1),
        ]
    for row in rows:
        with pytest.raises(ValueError, match="by the mapper"):
            insert(row)


def test_a_listener_is_not_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    def listen(instance: Job, **_: Any) -> None:
        heard.append(instance.key)

    monkeypatch.setattr(inserts, "_wordings", {})
    post_save.connect(listen, sender=Job)
    try:
        with pytest.raises(ValueError, match="by the mapper"):
            insert(job("heard"))
        job("heard").save()
    finally:
        post_save.disconnect(listen, sender=Job)
    insert(job("not heard"))
    assert heard == ["heard"]


def test_names_come_from_the_model() -> None:
    with CaptureQueriesContext(connection) as asked:
        insert(Act(at=AT, action="tests.done", subject="shop:1", actor_key="system:tests", actor_role="system"))
    assert asked[0]["sql"].startswith('INSERT INTO "audit_act" ("at", "action", "subject",')
    assert Act.objects.get().data == {} and not Area.objects.exists()
