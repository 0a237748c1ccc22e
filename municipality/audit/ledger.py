"""Around each migration: the declared edges and guards are what the database holds."""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction

from municipality.kernel import guards
from municipality.kernel.workflow import WORKFLOWS


def before_migrate(*, using: str, plan: Any = (), **_: Any) -> None:
    """Handler of pre_migrate. On SQLite the guards go before anything is migrated, and `after_migrate` writes them anew.

    SQLite alters a table by making another and giving it the name of the first. Meanwhile a trigger of any other table that
    names it has nothing to name, and SQLite refuses to rename (https://www.sqlite.org/lang_altertable.html, section 2). A run
    that fails half-way leaves the guards away until one succeeds; `manage.py invariants` says so.
    """
    connection = connections[using]
    if plan and connection.vendor == "sqlite":
        guards.remove(connection)


def after_migrate(*, app_config: Any, using: str, **_: Any) -> None:
    """Handler of post_migrate. Acts once, after the last app that has models."""
    from django.apps import apps

    with_models = [c for c in apps.get_app_configs() if c.models_module]
    if app_config == with_models[-1]:
        sync(using)


def sync(using: str = "default") -> None:
    """Write declared edges and guards."""
    from municipality.audit.models import Edge

    connection = connections[using]
    if Edge._meta.db_table not in connection.introspection.table_names():
        return
    declared = {(table.name, *edge) for table in WORKFLOWS.values() for edge in table.edges()}
    with transaction.atomic(using=using):
        held = {(e.workflow, e.move, e.from_state, e.to_state): e.pk for e in Edge.objects.using(using).all()}
        Edge.objects.using(using).filter(pk__in=[pk for key, pk in held.items() if key not in declared]).delete()
        Edge.objects.using(using).bulk_create(
            Edge(workflow=w, move=m, from_state=f, to_state=t) for w, m, f, t in sorted(declared - held.keys())
        )
        guards.install(connection)
