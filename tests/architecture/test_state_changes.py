"""A state cannot be changed through admin, ORM, API or SQL outside its workflow, on either database; along the workflow it can."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection, models, transaction
from django.http import HttpRequest
from django.test import RequestFactory

from municipality.accounts.models import User
from municipality.audit.services import sequence
from municipality.cases.models import CaseEvent
from municipality.cases.services import place_block
from municipality.cases.timeline import TIMELINES
from municipality.kernel import clock
from municipality.kernel.guards import GUARDS, Guard, expected, installed
from municipality.kernel.workflow import WORKFLOWS
from municipality.review.models import Assignment, QueueEntry
from municipality.rulebook.models import (
    Activity,
    ActivityGroupRule,
    BoardFeeRule,
    BoardLimitRule,
    CheckRule,
    ConditionRule,
    FeeRule,
    HolidayRule,
    HoursRule,
    LimitRule,
    OffenceRule,
    ReasonRule,
    TradeRule,
)
from payments.models import Allocation, Attempt, Bill, CallbackBytes, Inquiry, Receipt
from script.support.packages import PACKAGES
from tests.architecture import (
    commercial_register_data,
    delegation_data,
    legacy_fines_data,
    licensing_data,
    opinion_data,
    payments_data,
    plot_files_data,
    register_office_data,
    report_data,
    review_data,
    shop_page_data,
    staff_data,
    state_changes,
    violation_attacks,
    violation_data,
    zoning_data,
)
from tests.architecture.requests_undone import Drawn
from tests.architecture.review_data import Queue
from tests.architecture.sample_data import NOON, Sample, built_sample, one_sample  # noqa: F401
from tests.architecture.state_changes import BEGINNINGS, WAYS_ROUND, attacks, event, execute, stateful, step, walk
from tests.browsers import signed_in
from tests.database_guards import assert_refused, gets_through, without_guards
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.guards]
MODELS = pytest.mark.parametrize("model", stateful(), ids=lambda model: model._meta.label)
EVERY_GUARD = pytest.mark.parametrize("guard", GUARDS.values(), ids=lambda guard: guard.name)
EDGES = [(name, edge) for name, found in WORKFLOWS.items() if not name.startswith("test") for edge in found.edges() if edge[0]]


@pytest.fixture(scope="module", autouse=True)
def queue(built: Sample) -> None:
    """The rows of queue and desk join the sample of this module."""
    with clock.at(NOON):
        built.queue = review_data.fill(built)  # type: ignore[attr-defined]
        licensing_data.fill(built)
        violation_data.more(built)
        delegation_data.more(built)
        shop_page_data.more(built)


def other_states(row: Any) -> list[str]:
    table = WORKFLOWS[row.workflow_name]
    return sorted({state for _move, *ends in table.edges() for state in ends if state} - {row.state})


ENDS = {
    "uploads_upload": "removed",
    "review_queueentry": "left",
    "delegation_delegation": "revoked",
    "cases_case": "refused",
    "documents_document": "revoked",
    "payments_bill": "void",
    "payments_attempt": "voided",
    "payments_refunddue": "released",
    "violations_violation": "corrected",
    "violations_plan": "void",
    "shops_commercialdifference": "settled",
} | (licensing_data.ENDS | report_data.ENDS)


def born_in(table: str, state: str) -> int:
    """Insert a row like the newest one, in a state, by SQL."""
    model = next(m for m in stateful() if state_changes.table(m) == table)
    columns = {f.column: f for f in model._meta.concrete_fields}
    values = [
        "%s" if c == "state" else "NULL" if f.null else state_changes.another_value(c, f) if f.unique else c for c, f in columns.items()
    ]
    by_hand = licensing_data.OWED_FOR | violation_data.KEPT | report_data.KEPT
    values = ["%s" if c == "is_open" else by_hand.get((table, c), value) for c, value in zip(columns, values, strict=True)]
    given = [{"state": state, "is_open": True}[c] for c in columns if c in ("state", "is_open")]
    newest = model._base_manager.order_by("-pk")[0]
    if (table, "visit_id") in by_hand:
        violation_data.visit_like(newest)
    statement = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} WHERE id = %s"
    return execute(statement, [*given, newest.pk])


def rows_of(model: Any) -> list[Any]:
    """One row of the sample in each state that it has."""
    return list({row.state: row for row in model._base_manager.order_by("pk")}.values())


# No way round.


@pytest.mark.parametrize("way", WAYS_ROUND, ids=lambda way: way.__name__)
@MODELS
def test_no_way_round_leads_to_any_other_state(model: Any, way: Callable[[Any, str], None], sample: Sample) -> None:
    rows = rows_of(model)
    assert rows and any(row.last_event_id for row in rows)
    for row in rows:
        for target in other_states(row):
            assert_refused(lambda row=row, target=target: way(model._base_manager.get(pk=row.pk), target))  # type: ignore[misc]
            held = model._base_manager.get(pk=row.pk)
            assert (held.state, held.last_event_id) == (row.state, row.last_event_id)


@MODELS
def test_a_row_is_born_in_the_first_state_only(model: Any, sample: Sample) -> None:
    row = model._base_manager.order_by("pk")[0]
    first = WORKFLOWS[row.workflow_name].initial
    for target in {*other_states(row), row.state} - {first}:
        assert_refused(lambda target=target: born_in(state_changes.table(model), target), "guard:state_without_event")  # type: ignore[misc]
    assert born_in(state_changes.table(model), first) == 1


def forged_edges(legal: set[tuple[str, str, str]], moves: list[str]) -> list[tuple[str, str, str]]:
    """Edges that a table lacks: each of its own with one end changed, each pair of states under a move that does not exist or under
    none, and some hundred others drawn at random."""
    states = sorted({state for _move, *ends in legal for state in ends})
    near = {edge for move, s, t in legal for other in states for edge in ((move, s, other), (move, other, t))}
    near |= {(move, s, t) for move in ("leap", "") for s in states for t in states}
    others = sorted({(move, s, t) for move in moves for s in states for t in states} - near)
    near |= set(random.Random(1).sample(others, min(200, len(others))))
    return sorted(edge for edge in near if (edge[2] and edge not in legal) or not edge[0])


@pytest.mark.slow
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_an_event_for_an_edge_that_the_table_lacks_cannot_be_written(workflow: str, sample: Sample) -> None:
    table = WORKFLOWS[workflow]
    row = BEGINNINGS[workflow](sample)
    forged = forged_edges(set(table.edges()), [*table.moves])
    assert len(forged) >= 20
    for move, source, target in forged:
        assert_refused(lambda m=move, s=source, t=target: event(row, m, s, t), "guard:no_such_edge")  # type: ignore[misc]
    without_guards()
    assert event(row, *forged[0]).pk


# Along the table.


def test_every_workflow_has_a_row_to_walk() -> None:
    assert set(WORKFLOWS) == set(BEGINNINGS)
    cases = [name for name in BEGINNINGS if name in TIMELINES]  # several services move the one table of cases
    assert len(stateful()) == len(BEGINNINGS) - len(cases) + 1


@pytest.mark.parametrize(("workflow", "edge"), EDGES, ids=lambda part: part if isinstance(part, str) else "-".join(part))
def test_every_edge_of_every_workflow_can_be_gone(workflow: str, edge: tuple[str, str, str], sample: Sample) -> None:
    from_paper = edge[0].removeprefix("carry_")
    carried = workflow == "violations.violation" and from_paper != edge[0]
    begun = legacy_fines_data.fresh_paper(sample, from_paper) if carried else BEGINNINGS[workflow](sample)
    row = walk(begun, edge[1], sample)
    made = step(row, edge, sample)
    held = type(row)._base_manager.get(pk=row.pk)
    assert (held.state, held.last_event_id) == (edge[2], made.pk)
    assert (made.from_state, made.to_state, made.move) == (edge[1], edge[2], edge[0])


# Every guard of the catalogue, attacked.


@pytest.fixture(scope="module")
def block_and_numbers(built: Sample) -> None:
    """Rows for the tables that the renewal alone leaves empty."""
    place_block(
        subject="shop:1", ground="fine", source="fine:1", stops="x", sentence_ar="غرامة", sentence_en="A fine", actor=state_changes.BY
    )
    execute("UPDATE cases_block SET lifted_at = placed_at")
    CallbackBytes.objects.create(key="nobody:2026-11-24", kept=1, kept_bytes=500, dropped=1, dropped_bytes=500)
    assert sequence() or execute("SELECT 1 FROM audit_link")


def _unmoved(table: str) -> Callable[[Sample], None]:
    return lambda sample: execute(f"UPDATE {table} SET state = %s, last_event_id = NULL", [ENDS[table]]) and None


def _no_edge(model_name: str) -> Callable[[Sample], None]:
    def attack(sample: Sample) -> None:
        model = next(m for m in stateful() if m.EVENTS._meta.db_table == model_name)
        row = model._base_manager.order_by("pk")[0]
        event(row, "leap", row.state, row.state)

    return attack


def _into_published(model: Any) -> Callable[[Sample], None]:
    def attack(sample: Sample) -> None:
        row = model.objects.filter(ruleset__published_at__isnull=False).order_by("pk")[0]
        row.pk = None
        row._state.adding = True
        if hasattr(row, "code"):
            row.code = "slipped-in"
        if hasattr(row, "order"):
            row.order = 999
        if hasattr(row, "first_floor"):
            row.first_floor = row.last_floor
        if hasattr(row, "layer"):
            row.layer = "slipped-in"
        if model is BoardFeeRule:
            row.board_class, row.medium = "seasonal", "balloon"  # which no edition names
        if model is BoardLimitRule:
            row.medium = "balloon"
        if model is ActivityGroupRule:
            row.activity = Activity.objects.create(code="SLIP", name_ar="نشاط", name_en="Activity")
        row.save(force_insert=True)

    return attack


def _published(verb: str, model: Any) -> Callable[[Sample], None]:
    table = state_changes.table(model)
    published = "WHERE ruleset_id IN (SELECT id FROM rulebook_ruleset WHERE published_at IS NOT NULL)"
    statement = f"DELETE FROM {table} {published}" if verb == "delete" else f"UPDATE {table} SET ruleset_id = ruleset_id {published}"
    return lambda sample: execute(statement) and None


def _paid_without_receipt(sample: Sample) -> None:
    bill = sample.owner.due
    state_changes.update_with(bill, "paid", event(bill, "settle", "due", "paid"))


def _paid_without_inquiry(sample: Sample) -> None:
    attempt = walk(state_changes.fresh_attempt(sample), "confirming", sample)
    state_changes.update_with(attempt, "paid", event(attempt, "settle", "confirming", "paid"))


def _closed_opens_again(sample: Sample) -> None:
    attempt = state_changes.fresh_attempt(sample)
    allocation = Allocation.objects.create(attempt=attempt, bill=sample.owner.due, fils=attempt.fils, is_open=False)
    execute("UPDATE payments_allocation SET is_open = %s WHERE id = %s", [True, allocation.pk])


def _settled_is_forgotten(sample: Sample) -> None:
    """The receipt of a paid bill would no longer count."""
    execute("UPDATE payments_allocation SET is_settled = %s WHERE bill_id = %s", [False, sample.owner.paid.pk])


def _closed_without_event(sample: Sample) -> None:
    execute("UPDATE cases_case SET is_open = %s, closed_at = opened_at WHERE id = %s", [False, sample.owner.waiting.pk])


def _past_licence_returns(sample: Sample) -> None:
    shop = sample.owner.licence.shop_id
    execute("UPDATE licensing_healthlicence SET is_current = %s WHERE shop_id = %s AND is_current", [False, shop])
    execute("UPDATE licensing_healthlicence SET is_current = %s WHERE shop_id = %s AND previous_id IS NULL", [True, shop])


def _hands(place: Callable[[Queue], QueueEntry], officer: Callable[[Queue], User]) -> Callable[[Sample], None]:
    """A case comes into hands by SQL's own way."""

    def attack(sample: Sample) -> None:
        now, queue = clock.now(), _queue(sample)
        Assignment.objects.create(place=place(queue), officer=officer(queue), drawn_at=now, touched_at=now, on_desk=False)

    return attack


def _queue(sample: Sample) -> Queue:
    queue: Queue = sample.queue  # type: ignore[attr-defined]
    return queue


def _moved_by_an_officer_it_was_never_assigned_to(sample: Sample) -> None:
    queue = _queue(sample)
    values = {"workflow": queue.waiting.case.service, "move": "ask_corrections", "from_state": "in_review", "to_state": "corrections"}
    CaseEvent.objects.create(subject=queue.waiting.case, at=clock.now(), actor_role="officer", actor_key=queue.officer.key, **values)


def _countersigned_without_a_signature(sample: Sample) -> None:
    event(_queue(sample).proposed.case, "countersign", "countersign", "refused")


def _receipt_without_inquiry(sample: Sample) -> None:
    """A receipt for the bill that is due, on the word of another payment's inquiry."""
    attempt = state_changes.fresh_attempt(sample)
    allocation = Allocation.objects.create(attempt=attempt, bill=sample.owner.due, fils=attempt.fils)
    Receipt.objects.create(
        number="RCT-2026-999998-X",
        allocation=allocation,
        inquiry=Inquiry.objects.filter(attempt=sample.owner.attempt)[0],
        bill=sample.owner.due,
        fils=attempt.fils,
        issued_at=clock.now(),
    )


MORE_RULES = (BoardFeeRule, BoardLimitRule, *licensing_data.RULES, *zoning_data.RULES, *report_data.RULES)
RULES = (FeeRule, LimitRule, ConditionRule, ReasonRule, CheckRule, HolidayRule, HoursRule, OffenceRule, TradeRule, *MORE_RULES)
BY_HAND: dict[str, Callable[[Sample], None]] = {
    **{
        f"{state_changes.table(m)}_begins": lambda sample, m=m: born_in(state_changes.table(m), ENDS[state_changes.table(m)])
        for m in stateful()
    },
    **{f"{state_changes.table(m)}_moves": _unmoved(state_changes.table(m)) for m in stateful()},
    **{f"{state_changes.table(m.EVENTS)}_edge": _no_edge(state_changes.table(m.EVENTS)) for m in stateful()},
    **{f"{state_changes.table(m)}_published_insert": _into_published(m) for m in RULES},
    **{f"{state_changes.table(m)}_published_{v}": _published(v, m) for m in RULES for v in ("update", "delete")},
    "payments_bill_paid_has_receipt": _paid_without_receipt,
    "payments_attempt_told_by_bank": _paid_without_inquiry,
    "payments_allocation_stays_closed": _closed_opens_again,
    "payments_callbackbytes_only_grow": lambda sample: execute("UPDATE payments_callbackbytes SET kept_bytes = 0"),
    "payments_allocation_stays_settled": _settled_is_forgotten,
    "payments_receipt_told_by_bank": _receipt_without_inquiry,
    "cases_case_closes": _closed_without_event,
    "licensing_healthlicence_stays_past": _past_licence_returns,
    "licensing_officer_lane_accepted": licensing_data.licence_without_acceptance,
    **payments_data.BY_HAND,
    **(licensing_data.BY_HAND | report_data.BY_HAND),
    "payments_refund_was_taken": licensing_data.owed_for_nothing,
    "payments_refund_deposit_once": licensing_data.returned_with_its_deposit,
    "review_assignment_tied": _hands(lambda q: q.waiting, lambda q: q.conflicted),
    "review_assignment_fits": _hands(lambda q: q.waiting, lambda q: q.elsewhere),
    "review_assignment_order": _hands(lambda q: q.younger, lambda q: q.officer),
    **review_data.BY_HAND,
    **delegation_data.BY_HAND,
    **staff_data.BY_HAND,
    **violation_attacks.BY_HAND,
    **legacy_fines_data.BY_HAND,
    **register_office_data.BY_HAND,
    **plot_files_data.BY_HAND,
    **commercial_register_data.BY_HAND,
    **opinion_data.BY_HAND,
    "cases_caseevent_drawn": _moved_by_an_officer_it_was_never_assigned_to,
    "cases_caseevent_decided": _countersigned_without_a_signature,
}


def tries_of(guard: Guard, sample: Sample) -> list[Callable[[], Any]]:
    by_hand = BY_HAND.get(guard.name)
    return [lambda: by_hand(sample)] if by_hand else [lambda sql=sql: execute(sql) for sql in attacks(guard)]  # type: ignore[misc]


@pytest.mark.usefixtures("block_and_numbers")
@EVERY_GUARD
def test_every_guard_refuses_its_attack_by_name(guard: Guard, sample: Sample) -> None:
    tries = tries_of(guard, sample)
    assert tries, f"nobody tries {guard.name}: add an attack to BY_HAND"
    for attack in tries:
        assert_refused(attack, f"guard:{guard.code}:{'' if guard.name in BY_HAND else guard.name}")


@pytest.fixture(scope="class")
def no_guards(block_and_numbers: None) -> Iterator[None]:
    """The guards taken away once for a class: SQLite reads its whole schema again when they come back."""
    with transaction.atomic():
        without_guards()
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("no_guards")
class TestWithoutGuards:
    """Red controls: what was refused above gets through."""

    @EVERY_GUARD
    def test_every_guard_alone_stands_in_the_way_of_its_attack(self, guard: Guard, sample: Sample) -> None:
        through = any(gets_through(attack) for attack in tries_of(guard, sample))
        assert through, f"something else refuses all that tries {guard.name}: the guard is not what was tried"

    @pytest.mark.parametrize("way", WAYS_ROUND, ids=lambda way: way.__name__)
    @MODELS
    def test_every_way_round_gets_through(self, model: Any, way: Callable[[Any, str], None], sample: Sample) -> None:
        row = next(row for row in rows_of(model) if row.last_event_id)
        wanted = ENDS[state_changes.table(model)]
        way(model._base_manager.get(pk=row.pk), wanted)
        assert model._base_manager.get(pk=row.pk).state == wanted


def test_the_guards_are_back_after_the_red_controls() -> None:
    assert installed(connection) == expected(connection)


def test_a_truncated_table_is_refused_on_postgresql(sample: Sample) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    connection.check_constraints()
    for name in sorted({guard.table for guard in GUARDS.values() if guard.event == "DELETE"}):
        assert_refused(lambda name=name: execute(f"TRUNCATE {name} CASCADE"), "guard:insert_only")  # type: ignore[misc]


def test_a_replica_session_of_a_superuser_is_refused_on_postgresql(sample: Sample) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no replica sessions")
    execute("SET LOCAL session_replication_role = replica")
    for model in stateful():
        assert_refused(lambda model=model: execute(f"UPDATE {state_changes.table(model)} SET state = 'void', last_event_id = NULL"))  # type: ignore[misc]


# The admin and the API.


def mighty(request_path: str = "/admin/") -> tuple[User, HttpRequest]:
    """A superuser who also holds every role."""
    user = UserFactory(name_ar="كل", name_en="All", login="mighty", is_staff=True, is_superuser=True)
    user.groups.set(Group.objects.all())
    request = RequestFactory().get(request_path)
    request.user = user
    request.session = signed_in(user).session
    return user, request


MOVED_BY_SERVICES = {"state", "last_event", "fils", "total_fils", "due_on", "is_open", "published_at", "published_by", "made_by", "version"}


def test_no_form_of_the_admin_offers_a_state_an_amount_or_a_way_to_delete(sample: Sample) -> None:
    _user, request = mighty()
    assert len(admin.site._registry) > 10
    for model, options in admin.site._registry.items():
        new = [None] if options.has_add_permission(request) else []
        for row in [*new, *model._base_manager.order_by("pk")[:1]]:
            assert not options.has_delete_permission(request, row), model
            offered = set(options.get_form(request, row, change=row is not None).base_fields)
            assert not offered & MOVED_BY_SERVICES, (model, offered & MOVED_BY_SERVICES)
        assert not options.list_editable, model
        assert set(options.get_actions(request)) <= {"try_again"}, model  # sends failed messages again


@pytest.mark.slow
@MODELS
def test_a_superuser_with_every_role_moves_nothing_by_posting_to_the_admin(
    model: Any, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(mighty()[0])
    Drawn(monkeypatch)  # what is asked for is refused and changes neither session nor user
    options, rows = model._meta, rows_of(model)
    assert rows
    page = f"/admin/{options.app_label}/{options.model_name}/"
    for row in rows:
        client.post(f"{page}{row.pk}/delete/", {"post": "yes"})
        client.post(page, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
        for target in other_states(row):
            data = {f.name: getattr(row, f.attname) or "" for f in options.concrete_fields} | {"state": target, "_save": "1"}
            assert client.post(f"{page}{row.pk}/change/", data).status_code in (403, 404)
            client.post(page, {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": row.pk, "form-0-state": target, "_save": "1"})
        held = model._base_manager.get(pk=row.pk)
        assert (held.state, held.last_event_id) == (row.state, row.last_event_id)


@pytest.mark.parametrize("role", ["owner", "auditor", "nobody"])
def test_the_api_takes_no_state(role: str, sample: Sample) -> None:
    document = sample.owner.licence.document
    client = sample.client(role)
    for method in ("post", "put", "patch", "delete"):
        for address in (f"/api/v1/verify/{document.code}", "/api/v1/services/"):
            answer = getattr(client, method)(address, json.dumps({"state": "revoked"}), content_type="application/json")
            assert answer.status_code == 405
    document.refresh_from_db()
    assert document.state == "active"


def test_every_table_with_a_state_is_either_moved_by_events_or_named_here() -> None:
    """Queues of work and sending, the token of the seal, a line of a sheet or of renewals in one act: no right hangs on them."""
    sent = {"notifications.Delivery", "notifications.Letter"}
    others = sent | {"jobs.Job", "documents.SealToken", "violations.PaperRow", "licensing.BatchLine"}
    with_state = {
        m._meta.label
        for m in apps.get_models()
        if m.__module__.split(".")[0] in PACKAGES and any(isinstance(f, models.Field) and f.name == "state" for f in m._meta.get_fields())
    }
    assert with_state == {m._meta.label for m in stateful()} | others
    assert {Attempt, Bill} <= set(stateful())
