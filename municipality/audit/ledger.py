"""Handlers around migrations: they write the declared edges and guards to the database."""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction

from municipality.kernel import guards
from municipality.kernel.workflow import WORKFLOWS


def before_migrate(*, using: str, plan: Any = (), **_: Any) -> None:
    """Handler of pre_migrate. On SQLite it drops the guards, which `after_migrate` creates again.

    SQLite alters a table by creating another and renaming it. Meanwhile triggers of other tables that name it are invalid, and SQLite
    refuses to rename (https://www.sqlite.org/lang_altertable.html, section 2). After a failed migration the guards are missing until
    one succeeds; `manage.py invariants` reports that.
    """
    connection = connections[using]
    if plan and connection.vendor == "sqlite":
        guards.remove(connection)


def after_migrate(*, app_config: Any, using: str, **_: Any) -> None:
    """Handler of post_migrate. Runs `sync` once, after the last app that has models."""
    from django.apps import apps

    with_models = [c for c in apps.get_app_configs() if c.models_module]
    if app_config == with_models[-1]:
        sync(using)


def sync(using: str = "default") -> None:
    """Write the declared edges and guards, and delete edges that are no longer declared."""
    from municipality.audit.models import Edge

    connection = connections[using]
    if Edge._meta.db_table not in connection.introspection.table_names():
        return
    declared = {(table.name, *edge) for table in WORKFLOWS.values() for edge in table.edges()}
    with transaction.atomic(using=using):
        existing = {(e.workflow, e.move, e.from_state, e.to_state): e.pk for e in Edge.objects.using(using).all()}
        Edge.objects.using(using).filter(pk__in=[pk for key, pk in existing.items() if key not in declared]).delete()
        Edge.objects.using(using).bulk_create(
            Edge(workflow=w, move=m, from_state=f, to_state=t) for w, m, f, t in sorted(declared - existing.keys())
        )
        guards.install(connection)
