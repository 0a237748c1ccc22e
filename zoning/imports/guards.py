"""What the database refuses of plots and their loads: nothing is deleted or rewritten, periods close once, loads need two people."""

from municipality.imports.guards import guard_rows
from municipality.kernel.guards import frozen, guard, insert_only, never_deleted
from zoning.models import PlotRow

guard_rows(PlotRow, "plots")
insert_only("zoning_plotfinding")
insert_only("zoning_plotchange")
insert_only("zoning_plotsuccession")

_PLOT, _SHAPE, _UNDO = "zoning_plot", "zoning_plotshape", "zoning_loadundo"
_OUTLINE = ["geometry", "west", "south", "east", "north", "system", "original"]
# An undo runs between its audit event and its end.
_RUNNING = f"SELECT 1 FROM {_UNDO} u WHERE u.event_id IS NOT NULL AND u.done_at IS NULL"  # noqa: S608 - declared in code
_TOUCHED = f"SELECT 1 FROM {_UNDO} u JOIN zoning_plotrow r ON r.file_id = u.file_id WHERE u.event_id IS NOT NULL AND u.done_at IS NULL"  # noqa: S608
_CAME_FROM = (  # of a new plot of the load that is being undone
    f"SELECT 1 FROM {_UNDO} u JOIN {_PLOT} n ON n.load_id = u.file_id JOIN zoning_plotsuccession s ON s.successor_id = n.id"  # noqa: S608
    " WHERE u.event_id IS NOT NULL AND u.done_at IS NULL"
)
never_deleted(_PLOT)
frozen(_PLOT, ["public_id", "area_id", "block", "number", "valid_from", "load_id"])
never_deleted(_SHAPE)
frozen(_SHAPE, ["plot_id", "valid_from", "load_id", *_OUTLINE])
for _table, _plot in ((_PLOT, "id"), (_SHAPE, "plot_id")):
    guard(
        f"{_table}_closed_once",
        _table,
        "UPDATE",
        "OLD.valid_to IS NOT NULL AND OLD.valid_to IS DISTINCT FROM NEW.valid_to"
        f" AND NOT (NEW.valid_to IS NULL AND (EXISTS ({_TOUCHED} AND r.plot_id = OLD.{_plot})"
        f" OR EXISTS ({_CAME_FROM} AND s.predecessor_id = OLD.{_plot})))",
        "closed_once",
    )
    # A period of no day is what an undone load leaves.
    guard(
        f"{_table}_voided",
        _table,
        "UPDATE",
        "OLD.valid_to IS NULL AND NEW.valid_to = NEW.valid_from"
        f" AND NOT (NEW.load_id IS NOT NULL AND EXISTS ({_RUNNING} AND u.file_id = NEW.load_id))",
        "not_undone",
    )
    guard(f"{_table}_born_valid", _table, "INSERT", "NEW.valid_to = NEW.valid_from", "not_undone")
    guard(
        f"{_table}_by_released_file",
        _table,
        "INSERT",
        "NEW.load_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM imports_importfile f WHERE f.id = NEW.load_id AND f.kind = 'plots'"
        " AND f.released_by_id IS NOT NULL AND f.done_at IS NULL)",
        "not_released",
    )

never_deleted(_UNDO)
frozen(_UNDO, ["public_id", "file_id", "reason", "asked_by_id", "asked_at"])
frozen(_UNDO, ["allowed_by_id", "event_id"], once="OLD.event_id IS NOT NULL", name="allowed_once")
frozen(_UNDO, ["refused_by_id", "refused_at"], once="OLD.refused_at IS NOT NULL", name="refused_once")
frozen(_UNDO, ["done_at", "undone_line"], once="OLD.done_at IS NOT NULL", name="done_once")
guard(
    f"{_UNDO}_asked_first",
    _UNDO,
    "INSERT",
    "NEW.event_id IS NOT NULL OR NEW.done_at IS NOT NULL OR NEW.refused_at IS NOT NULL",
    "asked_first",
)
guard(
    f"{_UNDO}_by_event",
    _UNDO,
    "UPDATE",
    "OLD.event_id IS NULL AND NEW.event_id IS NOT NULL AND (NEW.allowed_by_id IS NULL OR NEW.refused_at IS NOT NULL OR NOT EXISTS"
    " (SELECT 1 FROM audit_auditevent e JOIN imports_importfile f ON e.subject = 'import:' || f.public_id"
    " WHERE e.id = NEW.event_id AND e.action = 'plots.undo_allowed' AND f.id = NEW.file_id))",
    "undone_without_event",
)
