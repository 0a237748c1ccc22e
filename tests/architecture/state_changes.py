"""Ways round the workflow, and ways along it: what test_state_changes.py tries on every stateful table."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from licensing.models import Inspection
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.documents import store
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.guards import Guard
from municipality.kernel.transitions import transition
from municipality.kernel.workflow import WORKFLOWS
from municipality.review.models import QueueEntry
from municipality.uploads.models import Upload
from payments.models import Allocation, Attempt, BankMessageKind, Bill, Direction, GatewayMessage, Inquiry, Receipt, RefundDue
from payments.rules import new_trackid
from reports.models import Report
from shops.models.commercial_register import CommercialDifference
from tests.architecture import (
    commercial_register_data,
    delegation_data,
    inspection_data,
    licensing_data,
    opinion_data,
    payments_data,
    report_data,
    review_data,
    shop_page_data,
    upload_data,
    violation_data,
)
from tests.architecture.sample_data import Sample
from violations.models import Plan, Violation

BY = system("tests")


def stateful() -> list[Any]:
    """Every model whose state moves by events."""
    return [model for model in apps.get_models() if hasattr(model, "EVENTS")]


def table(model: Any) -> str:
    return str(model._meta.db_table)


def event(row: Any, move: str, source: str, target: str, *, subject: Any = None, workflow: str = "") -> Any:
    """Write an event row by hand, as somebody with access to the database would."""
    return type(row).EVENTS.objects.create(
        subject=subject or row,
        workflow=workflow or row.workflow_name,
        move=move,
        from_state=source,
        to_state=target,
        at=clock.now(),
        actor_key=BY.key,
        actor_role=BY.role,
    )


# Ways round the workflow: each takes a row and the state it wants.


def save(row: Any, target: str) -> None:
    row.state = target
    row.save()


def save_of_one_field(row: Any, target: str) -> None:
    row.state = target
    row.save(update_fields=["state"])


def update(row: Any, target: str) -> None:
    type(row)._base_manager.filter(pk=row.pk).update(state=target)


def bulk_update(row: Any, target: str) -> None:
    row.state = target
    type(row)._base_manager.bulk_update([row], ["state"])


def upsert(row: Any, target: str) -> None:
    row.state = target
    type(row)._base_manager.bulk_create([row], update_conflicts=True, unique_fields=["id"], update_fields=["state"])


def raw(row: Any, target: str) -> None:
    execute(f"UPDATE {table(type(row))} SET state = %s WHERE id = %s", [target, row.pk])


def raw_without_the_last_event(row: Any, target: str) -> None:
    execute(f"UPDATE {table(type(row))} SET state = %s, last_event_id = NULL WHERE id = %s", [target, row.pk])


def with_an_old_event(row: Any, target: str) -> None:
    first = row.events.order_by("pk").first()
    execute(f"UPDATE {table(type(row))} SET state = %s, last_event_id = %s WHERE id = %s", [target, getattr(first, "pk", 0), row.pk])


def with_the_event_of_another_row(row: Any, target: str) -> None:
    other = type(row)._base_manager.exclude(pk=row.pk).order_by("pk")[0]
    move = next((m for m, source, to in WORKFLOWS[row.workflow_name].edges() if (source, to) == (row.state, target)), "")
    if not move:  # no such edge at all: take whatever event the other row has
        taken = type(row).EVENTS.objects.exclude(subject=row).order_by("-pk")[0]
    else:
        taken = event(row, move, row.state, target, subject=other)
    update_with(row, target, taken)


def with_an_event_of_another_workflow(row: Any, target: str) -> None:
    name, edge = next((w.name, e) for w in WORKFLOWS.values() if w.name != row.workflow_name for e in w.edges() if e[0])
    update_with(row, target, event(row, *edge, workflow=name))


def update_with(row: Any, target: str, of: Any) -> None:
    type(row)._base_manager.filter(pk=row.pk).update(state=target, last_event=of)


WAYS_ROUND: list[Callable[[Any, str], None]] = [
    *(save, save_of_one_field, update, bulk_update, upsert, raw, raw_without_the_last_event),
    *(with_an_old_event, with_the_event_of_another_row, with_an_event_of_another_workflow),
]


def execute(sql: str, values: list[Any] | None = None) -> int:
    """Raw SQL. Returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


# Ways along the workflow: a fresh row of each, walked to any state on real grounds.


def fresh_case(sample: Sample) -> Case:
    like = Case.objects.get(pk=sample.owner.waiting.pk)
    like.pk = like.last_event = None
    like.public_id, like.reference, like.subject = "w" * 26, "HL-2026-999999-X", "shop:walked"
    like.state = WORKFLOWS[like.service].initial
    like._state.adding = True
    like.save()
    return like


def fresh_document(sample: Sample, number: str = "TST-2026-999999-X") -> Any:
    row = documents.draft(kind="testing", number=number, subject="shop:walked", holder_key="")
    row.file = store.put(b"a document", "application/pdf")
    row.save()
    return row


def fresh_bill(sample: Sample) -> Bill:
    like = Bill.objects.get(pk=sample.owner.due.pk)
    like.pk = None
    like.public_id, like.reference = "w" * 26, "BIL-2026-999999-X"
    like._state.adding = True
    like.save()
    return like


def fresh_attempt(sample: Sample) -> Attempt:
    return Attempt.objects.create(
        trackid=new_trackid(), fils=sample.fee, language="ar", started_by=sample.owner.person, session_digest="x", created_at=clock.now()
    )


def fresh_place(sample: Sample) -> QueueEntry:
    return review_data.place_of(review_data.case(sample))


BEGINNINGS: dict[str, Callable[[Sample], Any]] = {
    "uploads.upload": upload_data.fresh,
    "delegation.delegation": delegation_data.fresh,
    "shops.claim": delegation_data.fresh_claim,
    "shops.correction": shop_page_data.fresh_correction,
    "shops.reply": shop_page_data.fresh_reply,
    "review.queueentry": fresh_place,
    "licensing.renewal": fresh_case,
    "licensing.change": partial(licensing_data.fresh_act, service="licensing.change"),
    "licensing.duplicate": partial(licensing_data.fresh_act, service="licensing.duplicate"),
    "licensing.transfer": partial(licensing_data.fresh_act, service="licensing.transfer"),
    "licensing.appeal": licensing_data.fresh_appeal,
    "licensing.boards": licensing_data.board_data.fresh,
    "licensing.inspection": inspection_data.fresh,
    "reports.report": report_data.fresh,
    "licensing.new_licence": licensing_data.new_licence_data.fresh,
    "documents.document": fresh_document,
    "payments.bill": fresh_bill,
    "payments.attempt": fresh_attempt,
    "payments.refund": licensing_data.refund,
    "zoning.opinion": opinion_data.fresh,
    "zoning.objection": opinion_data.fresh_objection,
    "violations.violation": violation_data.fresh,
    "violations.objection": violation_data.fresh_objection,
    "violations.plan": violation_data.fresh_plan,
    "shops.commercial_difference": commercial_register_data.fresh,
}


def ask_the_bank(attempt: Attempt) -> Inquiry:
    """An inquiry of ours that the bank answered with the money taken."""
    message = GatewayMessage.objects.create(
        direction=Direction.IN, kind=BankMessageKind.INQUIRY_RESPONSE, attempt=attempt, raw="", at=clock.now()
    )
    return Inquiry.objects.create(
        attempt=attempt,
        message=message,
        result="CAPTURED",
        outcome="captured",
        fils=attempt.fils,
        trackid=attempt.trackid,
        payment_id=f"1002026{attempt.pk:011d}",
        agrees=True,
        at=clock.now(),
    )


def grounds(row: Any, target: str, sample: Sample) -> dict[str, Any]:
    """What must be true before a move: an inquiry for a payment, a receipt for a paid bill. Returns columns that change with it."""
    if isinstance(row, Upload):
        return upload_data.grounds(target)
    if isinstance(row, Case):
        licensing_data.grounds(row, target, sample)
        opinion_data.grounds(row, target, sample)
    if isinstance(row, Inspection):
        return inspection_data.grounds(row, target, sample)
    if isinstance(row, Report):
        return report_data.grounds(row, target, sample)
    if isinstance(row, RefundDue):
        return payments_data.grounds(sample, target)
    if isinstance(row, CommercialDifference):
        return commercial_register_data.grounds(target, sample)
    if isinstance(row, Violation):
        return violation_data.grounds(row, target, sample)
    if isinstance(row, Plan) and target == "void":
        violation_data.annulment(row.violation, sample)
    if isinstance(row, Attempt) and row.state == "mismatch":
        payments_data.found(row, target, sample)
    if isinstance(row, Attempt) and target in ("paid", "captured_late"):
        inquiry = row.inquiries.first() or ask_the_bank(row)
        return {"payment_id": inquiry.payment_id}
    if isinstance(row, Bill) and target == "paid" and not row.receipts.exists():
        attempt = walk(fresh_attempt(sample), "paid", sample)
        allocation = Allocation.objects.create(attempt=attempt, bill=row, fils=row.total_fils, is_open=False, is_settled=True)
        Receipt.objects.create(
            number=f"RCT-2026-{999999 - row.pk}-X",
            allocation=allocation,
            inquiry=attempt.inquiries.get(),
            bill=row,
            fils=row.total_fils,
            issued_at=clock.now(),
        )
    return {}


def path_to(workflow: str, state: str) -> list[tuple[str, str, str]]:
    """The shortest way from the beginning to a state. Raises LookupError for one that nothing leads to."""
    found = WORKFLOWS[workflow]
    waiting: deque[tuple[str, list[tuple[str, str, str]]]] = deque([(found.initial, [])])
    seen = {found.initial}
    while waiting:
        at, way = waiting.popleft()
        if at == state:
            return way
        for edge in found.edges():
            if edge[0] and not edge[0].startswith(("carry_", "appeal_")) and edge[1] == at and edge[2] not in seen:
                seen.add(edge[2])
                waiting.append((edge[2], [*way, edge]))
    raise LookupError(f"{workflow}: nothing leads to {state}")


def step(row: Any, edge: tuple[str, str, str], sample: Sample) -> Any:
    """One legal move, by the only writer."""
    with transaction.atomic():
        return transition(row, edge[0], actor=BY, reason="tests", **grounds(row, edge[2], sample))


def walk(row: Any, state: str, sample: Sample) -> Any:
    """Lead a fresh row to a state."""
    for edge in path_to(row.workflow_name, state):
        step(row, edge, sample)
    return row


# Attacks on each guard of the catalogue.

EARLY, LATE = "2001-01-01", "2999-12-31"
_COLUMN = re.compile(r"OLD\.(\w+) IS DISTINCT FROM NEW\.\1")


def frozen_columns(guard: Guard) -> list[str]:
    """The columns that a guard of the code `frozen` freezes."""
    return list(dict.fromkeys(_COLUMN.findall(guard.when)))


def frozen_once(guard: Guard) -> str:
    """When they are frozen, as a condition on the row."""
    return guard.when[1 : guard.when.index(") AND (")].replace("OLD.", "")


def another_value(column: str, field: models.Field[Any, Any]) -> str:
    """SQL for a value that the column does not hold and that its type takes."""
    if isinstance(field, models.OneToOneField) and not field.primary_key:  # one that no other row refers to yet
        other, own = field.related_model._meta.db_table, field.model._meta.db_table
        return f"(SELECT MAX(o.id) FROM {other} o WHERE o.id NOT IN (SELECT x.{column} FROM {own} x WHERE x.{column} IS NOT NULL))"
    if isinstance(field, models.ForeignKey):
        field = field.target_field
    kind = field.get_internal_type()
    if kind in ("CharField", "TextField", "EmailField", "SlugField"):
        return f"substr('Z' || COALESCE({column}, ''), 1, {field.max_length or 200})" if field.max_length != 2 else "'xx'"
    if kind == "FloatField":
        return f"COALESCE({column}, 0) + 0.5"
    if "Integer" in kind or kind.endswith("AutoField"):
        return f"COALESCE({column}, 0) + 1000"
    if kind == "BinaryField":
        return "'x'"
    if kind == "BooleanField":
        return f"NOT {column}"
    if kind == "JSONField":
        return """'{"changed": true}'"""
    if kind == "DateField":
        return f"'{LATE if column.startswith('last') or column.endswith('_to') else EARLY}'"
    if kind == "DateTimeField":
        return "'2001-01-01 00:00:00+00:00'"
    raise LookupError(f"no other value for a {kind}")


def model_of(guard: Guard) -> Any:
    return next(m for m in apps.get_models(include_auto_created=True) if m._meta.db_table == guard.table)


def key_of(guard: Guard) -> str:
    return str(model_of(guard)._meta.pk.column)


def attacks(guard: Guard) -> Iterator[str]:
    """SQL that a guard of the general kinds must refuse, one statement a column or a verb; none for a kind made by hand."""
    if guard.when == "1=1" and guard.event == "DELETE":
        yield f"DELETE FROM {guard.table}"
    elif guard.when == "1=1" and guard.event == "UPDATE":
        yield f"UPDATE {guard.table} SET {key_of(guard)} = {key_of(guard)}"
    elif guard.code == "frozen":
        fields = {f.column: f for f in model_of(guard)._meta.concrete_fields}
        key, once = key_of(guard), frozen_once(guard)
        for column in frozen_columns(guard):
            value = another_value(column, fields[column])
            # Two rows cannot take the same value of a unique column, nor one that is asked of the whole table: one of them is enough.
            alone = fields[column].unique or "(SELECT MAX(" in value
            one = f" AND {key} = (SELECT MAX({key}) FROM {guard.table} WHERE {once})" if alone else ""
            yield f"UPDATE {guard.table} SET {column} = {value} WHERE {once}{one}"
