"""What the database refuses of inspections: another inspector, a result that the answers do not give, answers that change."""

from municipality.kernel.guards import frozen, guard, insert_only, moved_by_event, never_deleted

_I, _E = "licensing_inspection", "licensing_inspectionevent"
moved_by_event(_I, _E, "'licensing.inspection'")
never_deleted(_I)
_ORDERED = ["public_id", "reference", "case_id", "name_ar", "name_en", "activity_id", "branch_id", "address_ar", "address_en"]
frozen(_I, [*_ORDERED, "latitude", "longitude", "contact_id", "checklist_id", "previous_id", "reason", "ordered_by", "ordered_at"])
frozen(_I, ["shop_id"], once="OLD.shop_id IS NOT NULL", name="shop_once")
frozen(_I, ["day", "part", "was_moved", "misses", "ended_at", "put_right_by"], once="OLD.ended_at IS NOT NULL", name="ended")
frozen(_I, ["was_moved"], once="OLD.was_moved", name="moved_once")
# An inspector is drawn anew by a move of its own, and never picked.
guard(
    f"{_I}_drawn",
    _I,
    "UPDATE",
    "(OLD.inspector_id <> NEW.inspector_id OR OLD.draw <> NEW.draw) AND NOT EXISTS (SELECT 1 FROM licensing_inspectionevent e"
    " WHERE e.id = NEW.last_event_id AND e.id > COALESCE(OLD.last_event_id, 0) AND e.move IN ('draw_requested', 'draw_appointed'))",
    "not_drawn",
)
# Who has a conflict of interest with the owner, the shop, its organisation or manager, or a party of the request is not drawn; nor who
# looked before.
_TIED = (
    "EXISTS (SELECT 1 FROM review_conflictofinterest c WHERE c.officer_id = NEW.inspector_id AND c.ended_at IS NULL AND c.party_key IN ("
    "(SELECT 'person:' || u.public_id FROM accounts_user u WHERE u.id = NEW.contact_id),"
    " (SELECT 'shop:' || s.public_id FROM shops_shop s WHERE s.id = NEW.shop_id),"
    " (SELECT 'organisation:' || o.public_id FROM shops_shop s JOIN accounts_organisation o ON o.id = s.organisation_id"
    " WHERE s.id = NEW.shop_id),"
    " (SELECT 'person:' || u.public_id FROM shops_shop s JOIN accounts_user u ON u.civil_id_digest = s.manager_civil_id_digest"
    " WHERE s.id = NEW.shop_id),"
    " (SELECT 'case:' || k.public_id FROM cases_case k WHERE k.id = NEW.case_id))"
    " OR c.officer_id = NEW.inspector_id AND c.ended_at IS NULL AND EXISTS"
    " (SELECT 1 FROM review_party y WHERE y.case_id = NEW.case_id AND y.key = c.party_key))"
)
_BEFORE = "EXISTS (SELECT 1 FROM licensing_inspection p WHERE p.id = NEW.previous_id AND p.inspector_id = NEW.inspector_id)"
guard(f"{_I}_not_tied_insert", _I, "INSERT", _TIED, "conflict_of_interest")
guard(f"{_I}_not_tied_update", _I, "UPDATE", f"OLD.inspector_id <> NEW.inspector_id AND {_TIED}", "conflict_of_interest")
guard(f"{_I}_another_insert", _I, "INSERT", _BEFORE, "same_inspector")
guard(f"{_I}_another_update", _I, "UPDATE", f"OLD.inspector_id <> NEW.inspector_id AND {_BEFORE}", "same_inspector")
guard(
    f"{_I}_after_failed",
    _I,
    "INSERT",
    "NEW.previous_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM licensing_inspection p WHERE p.id = NEW.previous_id"
    " AND p.state = 'failed' AND p.checklist_id = NEW.checklist_id)",
    "not_failed",
)
# The owner moves it once.
guard(
    f"{_E}_moved_once",
    _E,
    "INSERT",
    "NEW.move = 'move' AND NEW.from_state = 'appointed' AND NEW.to_state = 'appointed'"
    " AND EXISTS (SELECT 1 FROM licensing_inspection i WHERE i.id = NEW.subject_id AND i.was_moved)",
    "moved_already",
)

_V = "licensing_inspectionvisit"
insert_only(_V)
# A visit is that of the drawn inspector, at an inspection with an appointment.
guard(
    f"{_V}_by_drawn",
    _V,
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM licensing_inspection i JOIN fieldwork_visit v ON v.sender_id = i.inspector_id"
    " WHERE i.id = NEW.inspection_id AND v.id = NEW.visit_id AND i.state = 'appointed')",
    "other_inspector",
)

_A = "licensing_inspectionanswer"
insert_only(_A)
_OPEN = (
    "EXISTS (SELECT 1 FROM licensing_inspection i WHERE i.id = NEW.inspection_id"
    " AND (i.state = 'appointed' OR (NEW.by_owner AND i.state = 'requested')))"
)
guard(f"{_A}_in_time", _A, "INSERT", f"NOT {_OPEN}", "ended_already")
_ASKED = "rulebook_inspectionrule r JOIN licensing_inspection i ON i.checklist_id = r.ruleset_id"
_ABOUT = "(r.activities = '' OR ',' || r.activities || ',' LIKE '%,' || i.activity_id || ',%')"
_MET = (
    "CASE WHEN NEW.value = 'not_here' THEN r.may_not_apply WHEN r.kind = 'yes_no' THEN NEW.value = 'yes'"
    " ELSE NEW.value = 'number' AND (r.least IS NULL OR NEW.hundredths >= r.least * 100)"
    " AND (r.most IS NULL OR NEW.hundredths <= r.most * 100) END"
)
_FITS = "(NEW.value <> 'not_here' OR r.may_not_apply) AND (NEW.value = 'not_here' OR (r.kind = 'number') = (NEW.value = 'number'))"
# A question of the edition that is kept, about this activity, and met or not as the numbers say.
guard(
    f"{_A}_computed",
    _A,
    "INSERT",
    f"NOT EXISTS (SELECT 1 FROM {_ASKED} WHERE r.id = NEW.rule_id AND i.id = NEW.inspection_id"  # noqa: S608 - constants
    f" AND {_ABOUT} AND {_FITS} AND ({_MET}) = NEW.meets)",
    "other_answer",
)

# A result follows from a visit and its answers: every question is answered, and it is passed if all that must be met is.
_FAILING = (
    "EXISTS (SELECT 1 FROM licensing_inspectionanswer a JOIN rulebook_inspectionrule r ON r.id = a.rule_id"
    " WHERE a.inspection_id = NEW.subject_id AND NOT a.by_owner AND r.is_must AND NOT a.meets)"
)
_UNANSWERED = (
    f"EXISTS (SELECT 1 FROM {_ASKED} WHERE i.id = NEW.subject_id AND {_ABOUT}"  # noqa: S608 - constants
    " AND (NOT r.is_of_licensed OR EXISTS (SELECT 1 FROM licensing_healthlicence h WHERE h.shop_id = i.shop_id)) AND (i.previous_id IS NULL"
    " OR NOT EXISTS (SELECT 1 FROM licensing_inspectionanswer q WHERE q.inspection_id = i.previous_id AND NOT q.by_owner)"
    " OR EXISTS (SELECT 1 FROM licensing_inspectionanswer q WHERE q.inspection_id = i.previous_id AND q.rule_id = r.id"
    " AND NOT q.by_owner AND r.is_must AND NOT q.meets))"
    " AND NOT EXISTS (SELECT 1 FROM licensing_inspectionanswer a WHERE a.inspection_id = i.id AND a.rule_id = r.id AND NOT a.by_owner))"
)


def _edge(move: str, target: str) -> str:
    """An event of a move from an appointment; no edge at all is another guard's."""
    return f"NEW.move = '{move}' AND NEW.from_state = 'appointed' AND NEW.to_state = '{target}'"


def _visited(outcome: str) -> str:
    return f"EXISTS (SELECT 1 FROM {_V} v WHERE v.inspection_id = NEW.subject_id AND v.outcome = '{outcome}')"  # noqa: S608 - constants


_NOBODY_TWICE = f"(SELECT COUNT(*) FROM {_V} v WHERE v.inspection_id = NEW.subject_id AND v.outcome = 'nobody') >= 2"  # noqa: S608
guard(
    f"{_E}_passed", _E, "INSERT", f"{_edge('pass', 'passed')} AND (NOT {_visited('passed')} OR {_FAILING} OR {_UNANSWERED})", "not_passed"
)
guard(
    f"{_E}_failed",
    _E,
    "INSERT",
    f"{_edge('fail', 'failed')} AND NOT ({_NOBODY_TWICE} OR ({_visited('failed')} AND {_FAILING} AND NOT {_UNANSWERED}))",
    "not_failed",
)
guard(f"{_E}_missed", _E, "INSERT", f"{_edge('miss', 'requested')} AND NOT {_visited('nobody')}", "not_visited")
