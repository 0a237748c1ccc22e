"""A temporary table of the same name changes nothing for a guard that reads the portal's own table (PostgreSQL)."""

from __future__ import annotations

import contextlib

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from municipality.kernel import guards
from municipality.kernel.guards import GUARDS, Guard

pytestmark = [pytest.mark.postgres, pytest.mark.guards, pytest.mark.django_db]
READING = [guard for guard in GUARDS.values() if guard.consulted]


def execute(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def fires(guard: Guard) -> None:
    """Let the guard's function judge one row of a table like its own. Its refusal is fine; anything else is raised."""
    table = next(model._meta for model in apps.get_models(include_auto_created=True) if model._meta.db_table == guard.table)
    act = {
        "INSERT": "INSERT INTO public.probed DEFAULT VALUES",
        "UPDATE": f"UPDATE public.probed SET {table.pk.column} = NULL",
        "DELETE": "DELETE FROM public.probed",
    }
    statements = (
        f"CREATE TABLE public.probed AS SELECT * FROM public.{guard.table} WITH NO DATA",
        "INSERT INTO public.probed DEFAULT VALUES",
        f"CREATE TRIGGER probe BEFORE {guard.event} ON public.probed FOR EACH ROW EXECUTE FUNCTION public.{guard.trigger}()",
        act[guard.event],
        "DROP TABLE public.probed",
    )
    with contextlib.suppress(IntegrityError):
        execute(*statements)


def bare(guard: Guard) -> str:
    """The guard's function as anybody would write it at first: bare names, and the session's search path."""
    return (
        f"CREATE OR REPLACE FUNCTION public.{guard.trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {guard.when} THEN"
        f" RAISE EXCEPTION 'guard:{guard.code}:{guard.name}' USING ERRCODE = 'integrity_constraint_violation';"
        f" END IF; RETURN {'OLD' if guard.event == 'DELETE' else 'NEW'}; END $$"
    )


@pytest.fixture
def shadowed(db: None) -> None:
    """Every table that any guard reads has a temporary one of its name in front, without a column."""
    execute(*(f"CREATE TEMP TABLE {table} ()" for table in sorted(set().union(*(guard.consulted for guard in READING)))))


@pytest.mark.parametrize("guard", READING, ids=lambda guard: guard.name)
def test_a_guard_reads_the_portals_tables_behind_temporary_ones(guard: Guard, shadowed: None) -> None:
    fires(guard)
    execute(bare(guard))
    with pytest.raises(ProgrammingError, match=r"column .* does not exist"):
        fires(guard)  # the red control: by bare names it reads the temporary table


def test_every_table_that_a_guard_reads_is_a_models() -> None:
    guards._qualified("EXISTS (SELECT 1 FROM audit_edge e JOIN accounts_user u ON u.id IS DISTINCT FROM e.id)", "public")
    with pytest.raises(ValueError, match="no model has the table audit_edges"):
        guards._qualified("EXISTS (SELECT 1 FROM audit_edges)", "public")


INVENTED = (
    "CREATE TEMP TABLE audit_edge AS SELECT * FROM public.audit_edge",
    "INSERT INTO audit_edge (id, workflow, move, from_state, to_state) VALUES (0, 'jobs', 'gift', 'draft', 'issued')",
    "INSERT INTO public.cases_caseevent (subject_id, workflow, move, from_state, to_state, at, actor_key, actor_role)"
    " VALUES (0, 'jobs', 'gift', 'draft', 'issued', now(), 'system:x', 'system')",
)


def test_an_invented_move_in_a_temporary_table_is_no_move() -> None:
    with pytest.raises(DatabaseError, match="guard:no_such_edge"):
        execute(*INVENTED)
    edge = GUARDS["cases_caseevent_edge"]
    execute(bare(edge))
    with pytest.raises(DatabaseError) as unguarded:  # the red control: this guard lets it pass
        execute(*INVENTED)
    assert "no_such_edge" not in str(unguarded.value)


def test_a_guard_without_a_pinned_search_path_counts_as_missing() -> None:
    execute(bare(GUARDS["payments_bill_paid_has_receipt"]))
    assert guards.expected(connection) - guards.installed(connection) == {"guard_payments_bill_paid_has_receipt"}
