"""What the database refuses of contests: what was said by both sides never changes, and a decision is made once."""

from municipality.kernel.guards import frozen, guard, never_deleted

_TABLE = "zoning_layercontest"
never_deleted(_TABLE)
frozen(
    _TABLE,
    [
        *("public_id", "number", "plot_id", "layer_id", "version_id", "said_ar", "said_en", "should_be", "reason"),
        *("person_id", "sent_at", "due_on", "rule"),
    ],
)
frozen(_TABLE, ["outcome", "answer", "article", "decided_by_id", "decided_at"], once="OLD.outcome <> 'open'", name="decided_once")
guard(f"{_TABLE}_begins", _TABLE, "INSERT", "NEW.outcome <> 'open'", "born_open")
