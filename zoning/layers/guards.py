"""What the database refuses of layers: a version in force never changes, it moves on only, and two people move it."""

from municipality.kernel.guards import frozen, guard, never_deleted

_VERSION, _FEATURE = "zoning_layerversion", "zoning_layerfeature"
_TEXTS = [f"{name}_{language}" for name in ("instrument", "article") for language in ("ar", "en")]
never_deleted("zoning_layer")
frozen("zoning_layer", ["kind", "created_by_id", *_TEXTS])
never_deleted(_VERSION)
frozen(_VERSION, ["layer_id", "number", "load_id"])
frozen(_VERSION, ["valid_from", "is_assumption", *_TEXTS], once="OLD.status <> 'pending'", name="in_force")
frozen(_VERSION, ["valid_to"], once="OLD.status <> 'pending' AND OLD.valid_to IS NOT NULL", name="closed_once")
guard(f"{_VERSION}_begins", _VERSION, "INSERT", "NEW.status <> 'pending'", "born_pending")
guard(
    f"{_VERSION}_moves_on",
    _VERSION,
    "UPDATE",
    "OLD.status <> NEW.status AND NOT (OLD.status = 'pending' AND NEW.status = 'in_force')"
    " AND NOT (OLD.status = 'in_force' AND NEW.status = 'repealed')",
    "status_only_forward",
)
_FIXED = f"EXISTS (SELECT 1 FROM {_VERSION} v WHERE v.id = %s.version_id AND v.status <> 'pending')"  # noqa: S608 - declared in code
_COLUMNS = ["version_id", "is_coverage", "code", "label_ar", "label_en", "geometry", "west", "south", "east", "north", "system", "original"]
frozen(_FEATURE, _COLUMNS, once=_FIXED % "OLD")
guard(f"{_FEATURE}_in_pending", _FEATURE, "INSERT", _FIXED % "NEW", "version_in_force")
guard(f"{_FEATURE}_stays", _FEATURE, "DELETE", _FIXED % "OLD", "version_in_force")

_REPEAL = "zoning_layerrepeal"
_RELEASED = "SELECT 1 FROM imports_importfile f WHERE f.kind = 'layers' AND f.released_by_id IS NOT NULL AND f.id ="
guard(
    f"{_VERSION}_by_two_people",
    _VERSION,
    "UPDATE",
    f"OLD.status = 'pending' AND NEW.status = 'in_force' AND NEW.load_id IS NOT NULL AND NOT EXISTS ({_RELEASED} NEW.load_id)",
    "not_released",
)
_BEGUN = f"SELECT 1 FROM {_VERSION} v WHERE v.layer_id = NEW.layer_id AND v.status <> 'pending' AND v.id <> NEW.id"  # noqa: S608
_CREATOR = "SELECT 1 FROM zoning_layer l JOIN imports_importfile f ON f.released_by_id = l.created_by_id WHERE l.code = NEW.layer_id"
# The first version makes a layer: whoever created that layer does not put it in force.
guard(
    f"{_VERSION}_first_by_another",
    _VERSION,
    "UPDATE",
    f"OLD.status = 'pending' AND NEW.status = 'in_force' AND NOT EXISTS ({_BEGUN}) AND EXISTS ({_CREATOR} AND f.id = NEW.load_id)",
    "not_by_its_creator",
)
_ENDS = (
    "OLD.status <> 'repealed' AND NEW.status = 'repealed' OR OLD.status <> 'pending' AND OLD.valid_to IS NULL AND NEW.valid_to IS NOT NULL"
)
_ALLOWED = f"SELECT 1 FROM {_REPEAL} r WHERE r.version_id = NEW.id AND r.event_id IS NOT NULL AND r.ends_on = NEW.valid_to"  # noqa: S608
_NEXT = (
    f"SELECT 1 FROM {_VERSION} v WHERE v.layer_id = NEW.layer_id AND v.id <> NEW.id AND v.valid_from = NEW.valid_to"  # noqa: S608
    f" AND EXISTS ({_RELEASED} v.load_id)"
)
# A version ends with the one that follows it on the same day, or by a repeal that a second person allowed.
guard(
    f"{_VERSION}_ends_by_two_people",
    _VERSION,
    "UPDATE",
    f"({_ENDS}) AND NOT EXISTS ({_ALLOWED}) AND NOT EXISTS ({_NEXT})",
    "not_repealed",
)
never_deleted(_REPEAL)
frozen(_REPEAL, ["public_id", "version_id", "ends_on", "instrument_ar", "instrument_en", "asked_by_id", "asked_at"])
frozen(
    _REPEAL,
    ["allowed_by_id", "event_id", "refused_by_id"],
    once="OLD.event_id IS NOT NULL OR OLD.refused_by_id IS NOT NULL",
    name="decided_once",
)
guard(f"{_REPEAL}_asked_first", _REPEAL, "INSERT", "NEW.event_id IS NOT NULL OR NEW.refused_by_id IS NOT NULL", "asked_first")
