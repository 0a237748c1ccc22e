"""Guards of imports: what is released is what the dry run showed."""

from __future__ import annotations

from municipality.imports.models import ImportRow
from municipality.kernel.guards import frozen, guard, never_deleted

_FILE = "imports_importfile"
never_deleted(_FILE)
frozen(_FILE, ["public_id", "kind", "name", "sha256", "encoding", "content_id", "branch_id", "lines", "loaded_by_id", "loaded_at"])
for _column in ("checked_at", "released_by_id", "released_at", "refused_by_id", "refused_at", "done_at", "ended_at"):
    frozen(_FILE, [_column], once=f"OLD.{_column} IS NOT NULL", name=f"{_column}_once")
guard(f"{_FILE}_loaded_first", _FILE, "INSERT", "NEW.checked_at IS NOT NULL OR NEW.released_by_id IS NOT NULL", "loaded_first")


def guard_rows(model: type[ImportRow], kind: str) -> None:
    """Declare the guards of a kind's lines: inserted during the dry run, then frozen, deleted with a refused file."""
    table = model._meta.db_table
    columns = [str(field.column) for field in model._meta.concrete_fields if field.name not in ("id", "outcome", "problems")]
    frozen(table, columns)
    file = f"SELECT 1 FROM {_FILE} f WHERE f.id ="  # noqa: S608 - declared in code
    guard(
        f"{table}_left_only",
        table,
        "UPDATE",
        "(OLD.outcome IS DISTINCT FROM NEW.outcome OR OLD.problems IS DISTINCT FROM NEW.problems) AND (NEW.outcome <> 'left'"
        f" OR OLD.outcome = 'wrong' OR NOT EXISTS ({file} NEW.file_id AND f.released_by_id IS NOT NULL AND f.done_at IS NULL))",
        "only_left_out",
    )
    being_read = f"{file} NEW.file_id AND f.kind = '{kind}' AND f.checked_at IS NULL AND f.refused_at IS NULL"
    guard(f"{table}_in_dry_run", table, "INSERT", f"NOT EXISTS ({being_read})", "after_dry_run")
    guard(f"{table}_stays", table, "DELETE", f"NOT EXISTS ({file} OLD.file_id AND f.refused_at IS NOT NULL)", "row_stays")
