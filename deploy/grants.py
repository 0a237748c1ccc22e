"""What the application's role may do, after every migration: read and insert everywhere, change only where the record allows it.

Numbers are the database's: the role may neither write a column that the database counts nor turn its counter. A row with an invented
number would end the chain of the record unseen, outrun a whole queue, or stand before every later move of its case.

`APPLICATION_ROLE=portal_app python deploy/grants.py`, as the owner of the tables. The triggers refuse the same; a role
without the right cannot even switch a trigger off. Nobody but the owner makes tables, temporary ones neither: a temporary table
stands in front of the portal's own for whatever asks by a bare name.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

# Written by migrations only: which ones have run, and which moves of which workflow there are. Whoever could add an edge there
# could take any case over it.
READ_ONLY = frozenset({"django_migrations", "audit_edge"})


def written_by_hand(cursor: Any, table: str) -> str:
    """The columns of a table, quoted and listed, without those that the database counts or works out."""
    cursor.execute(
        "SELECT string_agg(quote_ident(column_name::text), ', ') FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND is_identity = 'NO' AND is_generated = 'NEVER'",
        [table],
    )
    return str(cursor.fetchone()[0])


def main() -> int:
    """Grant table by table; print how many tables are insert-only for the role."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "municipality.settings.production")
    import django
    from django.db import connection, transaction

    django.setup()
    from municipality.kernel.guards import GUARDS

    role = connection.ops.quote_name(os.environ["APPLICATION_ROLE"])
    closed = {event: {g.table for g in GUARDS.values() if g.event == event and g.when == "1=1"} for event in ("UPDATE", "DELETE")}
    with transaction.atomic(), connection.cursor() as cursor:
        database = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(f"REVOKE TEMPORARY, CREATE ON DATABASE {database} FROM PUBLIC, {role}")
        cursor.execute(f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}")
        cursor.execute(
            "SELECT has_database_privilege(%s, current_database(), 'TEMPORARY') OR has_schema_privilege(%s, 'public', 'CREATE')",
            [os.environ["APPLICATION_ROLE"]] * 2,
        )
        if cursor.fetchone()[0]:  # PostgreSQL only warns where whoever revokes is not the owner
            print(f"{os.environ['APPLICATION_ROLE']} may still create tables: run this as the owner of the database and of the schema.")
            return 1
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        # Reading them tells how far they are; a column that counts for itself asks for no right on its sequence.
        cursor.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}")
        cursor.execute(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"REVOKE ALL ON {name} FROM {role}")
            may = ["SELECT"]
            if table not in READ_ONLY:
                columns = written_by_hand(cursor, table)
                may += [f"INSERT ({columns})"]
                may += [f"UPDATE ({columns})"] if table not in closed["UPDATE"] else []
                may += ["DELETE"] if table not in closed["DELETE"] else []
            cursor.execute(f"GRANT {', '.join(may)} ON {name} TO {role}")
    print(f"{len(closed['UPDATE'])} tables may only be read and added to.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
