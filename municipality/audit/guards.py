"""What the database refuses of the record."""

from municipality.kernel.guards import insert_only

for _table in ("audit_act", "audit_link", "audit_look"):
    insert_only(_table)
