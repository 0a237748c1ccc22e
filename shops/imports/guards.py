"""Database triggers of sheets of the register."""

from municipality.imports.guards import guard_rows
from municipality.kernel.guards import guard
from shops.models import RegisterRow

guard_rows(RegisterRow, "register")
# No event or change has a sheet as its source that no second person released.
for _table in ("shops_shopevent", "shops_registerchange"):
    guard(
        f"{_table}_by_released_file",
        _table,
        "INSERT",
        "substr(NEW.source, 1, 7) = 'import:' AND NOT EXISTS (SELECT 1 FROM imports_importfile f WHERE f.kind = 'register'"
        " AND f.public_id = substr(NEW.source, 8) AND f.released_by_id IS NOT NULL AND f.done_at IS NULL)",
        "not_released",
    )
