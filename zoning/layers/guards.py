"""What the database refuses of layers: once a version is in force it never changes, and it moves on only."""

from municipality.kernel.guards import frozen, guard, never_deleted

_VERSION, _FEATURE = "zoning_layerversion", "zoning_layerfeature"
_TEXTS = [f"{name}_{language}" for name in ("instrument", "article") for language in ("ar", "en")]
never_deleted("zoning_layer")
frozen("zoning_layer", ["kind"])
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
