"""What the database refuses of sheets of the register."""

from municipality.kernel.guards import frozen, guard, never_deleted

# A sheet of the register: what the second person releases is what the dry run showed.
_F, _R = "shops_registerfile", "shops_registerrow"
never_deleted(_F)
frozen(_F, ["public_id", "name", "sha256", "encoding", "content_id", "lines", "loaded_by_id", "loaded_at"])
for _column in ("checked_at", "released_by_id", "released_at", "refused_by_id", "refused_at", "done_at"):
    frozen(_F, [_column], once=f"OLD.{_column} IS NOT NULL", name=f"{_column}_once")
guard(f"{_F}_loaded_first", _F, "INSERT", "NEW.checked_at IS NOT NULL OR NEW.released_by_id IS NOT NULL", "loaded_first")
frozen(_R, ["file_id", "line", "number", "effect"], name="frozen")
guard(
    f"{_R}_left_only",
    _R,
    "UPDATE",
    "(OLD.outcome IS DISTINCT FROM NEW.outcome OR OLD.problems IS DISTINCT FROM NEW.problems) AND (NEW.outcome <> 'left'"
    " OR OLD.outcome = 'wrong' OR NOT EXISTS"
    " (SELECT 1 FROM shops_registerfile f WHERE f.id = NEW.file_id AND f.released_by_id IS NOT NULL AND f.done_at IS NULL))",
    "only_left_out",
)
guard(
    f"{_R}_in_dry_run",
    _R,
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM shops_registerfile f WHERE f.id = NEW.file_id AND f.checked_at IS NULL AND f.refused_at IS NULL)",
    "after_dry_run",
)
guard(
    f"{_R}_stays",
    _R,
    "DELETE",
    "NOT EXISTS (SELECT 1 FROM shops_registerfile f WHERE f.id = OLD.file_id AND f.refused_at IS NOT NULL)",
    "row_stays",
)
# Nothing happens to a shop in the name of a sheet that no second person released.
for _table in ("shops_shopevent", "shops_registerchange"):
    guard(
        f"{_table}_by_released_file",
        _table,
        "INSERT",
        "substr(NEW.source, 1, 7) = 'import:' AND NOT EXISTS (SELECT 1 FROM shops_registerfile f"
        " WHERE f.public_id = substr(NEW.source, 8) AND f.released_by_id IS NOT NULL AND f.done_at IS NULL)",
        "not_released",
    )
