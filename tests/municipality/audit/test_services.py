"""The record: no act without its row, no row changed unseen."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from municipality.audit import invariants, services
from municipality.audit.models import AccessLogEntry, ActText, AuditEvent, Edge, Link
from municipality.audit.queries import (
    Fault,
    access_log_of,
    faults,
    last_verification,
    tables_with_invented_ids,
    unnumbered,
    verify_part,
)
from municipality.audit.services import NewAuditEvent, log_access, record, record_all, sequence
from municipality.kernel import clock, guards
from municipality.kernel.actors import Actor, system
from tests.conftest import Clock
from tests.open_database import on_postgres

OFFICER = Actor("auditor", "staff:0123456789abcdefghjkmnpqrs")


def acts(count: int = 5) -> list[AuditEvent]:
    """Some acts, numbered and chained."""
    with transaction.atomic():
        made = [record("testing.acted", subject=f"case:{n}", actor=system("tests"), data={"number": n}) for n in range(1, count + 1)]
    assert sequence() == count
    return made


def test_an_act_outside_a_transaction_is_refused(open_db: None) -> None:
    with pytest.raises(RuntimeError, match="together"):
        record("testing.acted", subject="case:1", actor=OFFICER)
    assert not AuditEvent.objects.exists()


def test_several_acts_are_recorded_by_one_statement_as_each_would_be(open_db: None) -> None:
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        record_all(NewAuditEvent("testing.acted", f"case:{n}", OFFICER, {"number": n}) for n in (1, 2))
    assert len(asked) == 1
    with transaction.atomic():
        record("testing.acted", subject="case:2", actor=OFFICER, data={"number": 2})
    first, second, alone = (
        model_to_dict(event, exclude=["id", "at"]) for event in AuditEvent.objects.filter(action="testing.acted").order_by("pk")
    )
    assert second == alone and first["subject"] == "case:1" and sequence() == 3
    with pytest.raises(RuntimeError, match="together"):
        record_all([NewAuditEvent("testing.acted", "case:3", OFFICER)])


@pytest.mark.django_db
def test_an_act_rolls_back_with_its_transaction() -> None:
    def act_and_fail() -> None:
        with transaction.atomic():
            record("testing.acted", subject="case:1", actor=OFFICER)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act_and_fail()
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_acts_are_numbered_in_order_and_without_a_gap() -> None:
    made = acts(3)
    assert [(link.number, link.act_id) for link in Link.objects.order_by("number")] == list(enumerate((a.pk for a in made), 1))
    assert sequence() == 0
    acts(2)
    assert list(Link.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert not unnumbered().exists()
    assert list(faults()) == []


@pytest.mark.django_db
def test_an_act_that_committed_late_is_still_numbered() -> None:
    """Ids are given before commits: a long transaction leaves an older id behind the newest number."""
    acts(2)
    with transaction.atomic():
        held = record("testing.held", subject="case:9", actor=OFFICER)
        later = record("testing.later", subject="case:9", actor=OFFICER)
    held_fields = {f.attname: getattr(held, f.attname) for f in AuditEvent._meta.fields}
    guards.remove(connection)
    AuditEvent.objects.filter(pk=held.pk).delete()
    assert sequence() == 1
    AuditEvent.objects.create(**held_fields)
    assert sequence() == 1
    assert list(Link.objects.order_by("number").values_list("act_id", flat=True))[2:] == [later.pk, held.pk]
    assert list(faults()) == []


def invent(number: int) -> None:
    """An act whose number nobody gave, as whoever owns the tables may write it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_auditevent (id, at, action, subject, actor_key, actor_role, data, commitment)"
            " VALUES (%s, %s, 'testing.invented', 'case:0', 'x', 'x', '{}', '')",
            [number, connection.ops.adapt_datetimefield_value(clock.now())],
        )


@pytest.mark.django_db
def test_a_number_that_was_invented_hides_nothing_after_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(services, "MAX_LATE", 3)
    acts(5)
    invent(9_000_000_000_000_000_000)
    for _ in range(6):
        with transaction.atomic():
            record("testing.later", subject="case:1", actor=OFFICER)
        sequence()
    assert not unnumbered().exists()
    assert list(Link.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 13))
    assert list(faults()) == []
    if on_postgres():  # SQLite counts on from it
        assert tables_with_invented_ids("audit_auditevent", "audit_accesslogentry") == ["audit_auditevent"]
        with pytest.raises(CommandError, match="1 faults"):
            call_command("verify_audit")
        assert "above the database's counter" in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize("at", [dt.timedelta(seconds=-61), dt.timedelta(days=1)], ids=["for a minute", "behind a time to come"])
def test_an_act_that_waits_too_long_for_its_number_fails_the_check(at: dt.timedelta, capsys: pytest.CaptureFixture[str]) -> None:
    acts(2)
    with transaction.atomic():
        record("testing.fresh", subject="case:1", actor=OFFICER)
    call_command("verify_audit")
    with clock.at(clock.now() + at), transaction.atomic():
        late = record("testing.late", subject="case:1", actor=OFFICER)
    with pytest.raises(CommandError, match="1 faults"):
        call_command("verify_audit")
    assert f"act {late.pk}: waits" in capsys.readouterr().out
    assert "1 acts without a number after a minute" in list(invariants.findings())
    sequence()
    call_command("verify_audit")


def table_of(model: Any) -> str:
    return str(model._meta.db_table)


@pytest.fixture
def rows(db: None) -> None:
    acts(3)
    log_access(viewer=OFFICER, person_key="person:1", subject="case:1", purpose="audit")


ATTACKS: list[Callable[[Any], object]] = [
    lambda model: model.objects.update(**{"hash": "x"} if model is Link else {"subject": "case:x"}),
    lambda model: model.objects.all().delete(),
    lambda model: connection.cursor().execute(f"DELETE FROM {table_of(model)}"),
    lambda model: connection.cursor().execute(f"UPDATE {table_of(model)} SET {'previous_hash' if model is Link else 'subject'} = 'x'"),
]


@pytest.mark.guards
@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("model", [AuditEvent, Link, AccessLogEntry])
@pytest.mark.parametrize("attack", range(len(ATTACKS)))
def test_the_record_is_written_once(model: Any, attack: int) -> None:
    before = list(model.objects.order_by("pk").values())
    with pytest.raises(IntegrityError), transaction.atomic():  # a numbered act is protected by the ORM as well
        ATTACKS[attack](model)
    assert list(model.objects.order_by("pk").values()) == before


@pytest.mark.guards
@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("model", [AuditEvent, Link, AccessLogEntry])
def test_without_the_guards_the_record_could_be_rewritten(model: Any) -> None:
    guards.remove(connection)
    assert ATTACKS[3](model) is not False
    assert model.objects.filter(**{"previous_hash" if model is Link else "subject": "x"}).count() == model.objects.count() > 0


@pytest.mark.guards
@pytest.mark.postgres
@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("table", ["audit_auditevent", "audit_link", "audit_accesslogentry"])
def test_even_a_replica_session_and_truncate_are_refused(table: str) -> None:
    if not on_postgres():
        pytest.skip("needs PostgreSQL")
    for statement in (
        f"SET LOCAL session_replication_role = replica; DELETE FROM {table}",
        f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {table} CASCADE",
    ):
        with pytest.raises(IntegrityError, match="guard:"), transaction.atomic():
            connection.cursor().execute(statement)


CHANGES: list[tuple[str, str, list[Any]]] = [
    ("UPDATE audit_auditevent SET action = %s WHERE id = {act}", "changed_row", ["testing.other"]),
    ("UPDATE audit_auditevent SET subject = %s WHERE id = {act}", "changed_row", ["case:other"]),
    ("UPDATE audit_auditevent SET actor_key = %s WHERE id = {act}", "changed_row", ["person:other"]),
    ("UPDATE audit_auditevent SET actor_role = %s WHERE id = {act}", "changed_row", ["operator"]),
    ("UPDATE audit_auditevent SET commitment = %s WHERE id = {act}", "changed_row", ["0" * 64]),
    ("UPDATE audit_auditevent SET data = %s WHERE id = {act}", "changed_row", ['{"number": 99}']),
    ("UPDATE audit_auditevent SET at = %s WHERE id = {act}", "changed_row", ["2020-01-01 00:00:00"]),
    ("UPDATE audit_link SET hash = %s WHERE number = 3", "changed_row", ["1" * 64]),
    ("UPDATE audit_link SET previous_hash = %s WHERE number = 3", "broken_chain", ["1" * 64]),
    ("UPDATE audit_link SET number = 30 WHERE number = 3", "gap", []),
    ("DELETE FROM audit_link WHERE number = 3", "gap", []),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("statement", "what", "values"), CHANGES)
def test_each_kind_of_change_behind_the_guards_is_found(statement: str, what: str, values: list[Any]) -> None:
    made = acts(5)
    assert list(faults()) == []
    guards.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement.format(act=made[2].pk), values)
    found = list(faults())
    assert what in {fault.what for fault in found}
    assert min(fault.number for fault in found) in {3, 4}


@pytest.mark.django_db
def test_two_acts_that_change_places_are_found() -> None:
    made = acts(5)
    guards.remove(connection)
    spare = AuditEvent.objects.create(at=made[0].at, action="x", subject="x:1", actor_key="x", actor_role="x")
    for number, act in ((2, spare), (3, made[1]), (2, made[2])):
        Link.objects.filter(number=number).update(act=act)
    assert [(fault.number, fault.what) for fault in faults()] == [(2, "changed_row"), (3, "changed_row")]


@pytest.mark.django_db
def test_a_cut_tail_cannot_be_seen_from_inside() -> None:
    """Stated, not hidden: that takes a copy of the last number outside the building."""
    acts(5)
    guards.remove(connection)
    Link.objects.filter(number=5).delete()
    assert list(faults()) == []
    assert unnumbered().count() == 1


@pytest.mark.django_db
def test_a_check_can_begin_after_a_known_good_number() -> None:
    made = acts(5)
    guards.remove(connection)
    AuditEvent.objects.filter(pk=made[0].pk).update(subject="case:x")
    assert list(faults(after=2)) == []
    assert list(faults()) == [Fault(1, "changed_row")]


@pytest.mark.django_db
def test_the_job_verifies_part_by_part_and_says_at_the_end_what_all_parts_had(frozen_clock: Clock) -> None:
    made = acts(5)
    guards.remove(connection)
    AuditEvent.objects.filter(pk=made[0].pk).update(subject="case:x")
    assert verify_part(2) == [Fault(1, "changed_row")] and last_verification() is None
    assert verify_part(2) == [] and last_verification() is None
    assert verify_part(2) == []
    whole = last_verification()
    assert whole is not None and (whole.data["to"], whole.data["faults"]) == (5, 1)
    assert verify_part(2) == [] and last_verification() == whole, "not again on the same day"
    frozen_clock.move(days=1)
    assert verify_part(2) == [Fault(1, "changed_row")], "from the first event again"


@pytest.mark.django_db
def test_the_command_fails_when_the_record_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    made = acts(3)
    call_command("verify_audit")
    guards.remove(connection)
    AuditEvent.objects.filter(pk=made[1].pk).update(subject="case:x")
    with pytest.raises(CommandError, match="1 faults"):
        call_command("verify_audit")


@pytest.mark.django_db
def test_words_can_be_erased_and_the_chain_stays_whole() -> None:
    with transaction.atomic():
        act = record("testing.said", subject="case:1", actor=OFFICER, text="كلام يُمحى يوما")
    sequence()
    assert ActText.objects.get(act=act).text == "كلام يُمحى يوما"
    assert "كلام" not in str(act.data) + act.commitment
    ActText.objects.all().delete()
    assert list(faults()) == []


@pytest.mark.django_db
def test_words_are_not_rewritten_and_who_gets_round_that_is_found() -> None:
    acts(2)
    with transaction.atomic():
        record("testing.said", subject="case:1", actor=OFFICER, text="ما قيل")
    sequence()
    with pytest.raises(IntegrityError, match="guard:insert_only"), transaction.atomic():
        ActText.objects.update(text="ما لم يُقل")
    assert list(faults()) == []
    guards.remove(connection)
    ActText.objects.update(text="ما لم يُقل")
    assert list(faults()) == [Fault(3, "changed_text")] and list(faults(after=3)) == []


@pytest.mark.django_db
def test_a_look_is_shown_to_whom_it_concerns() -> None:
    log_access(viewer=OFFICER, person_key="person:1", subject="case:1", purpose="audit")
    log_access(viewer=OFFICER, person_key="person:2", subject="case:2", purpose="audit")
    assert [row.subject for row in access_log_of("person:1")] == ["case:1"]


@pytest.mark.postgres
def test_sequencers_that_run_together_leave_one_whole_chain(open_db: None) -> None:
    if not on_postgres():
        pytest.skip("needs PostgreSQL")
    with transaction.atomic():
        for number in range(60):
            record("testing.acted", subject=f"case:{number}", actor=OFFICER)
    start, lost, other = threading.Barrier(6), [], []

    def work() -> None:
        start.wait()
        try:
            for _ in range(10):
                sequence(limit=7)
        except IntegrityError as error:
            lost.append(error)
        except Exception as error:  # noqa: BLE001 - reported below
            other.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other == []
    while sequence():
        pass
    assert list(Link.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 61))
    assert list(faults()) == []


@pytest.mark.django_db
def test_edges_in_the_database_are_those_declared() -> None:
    from municipality.audit import ledger
    from municipality.kernel.workflow import WORKFLOWS

    Edge.objects.create(workflow="testing.stale", move="jump", from_state="a", to_state="b")
    ledger.sync()
    held = set(Edge.objects.values_list("workflow", "move", "from_state", "to_state"))
    assert held == {(table.name, *edge) for table in WORKFLOWS.values() for edge in table.edges()}
