"""Guards of judgments and of rulings on appeal: two people each, and a sum that follows the ruling in force."""

from municipality.kernel.guards import frozen, guard

# SQL of a judgment `j` with its ruling on appeal `p`, if any: the fine in force, null for no violation.
FINE = "(CASE WHEN j.appeal_id IS NULL THEN j.fils ELSE p.fils END)"
_JUDGMENT = "violations_judgment j LEFT JOIN violations_appealruling p ON p.id = j.appeal_id"
RULED = f"EXISTS (SELECT 1 FROM {_JUDGMENT} WHERE j.violation_id = NEW.id AND j.confirmed_by_id IS NOT NULL"  # noqa: S608
# What is left to pay of the fine: less what is paid of it and not given back.
LEFT = (
    f"(SELECT {FINE} - (SELECT COALESCE(SUM(b.total_fils), 0) FROM violations_charge c JOIN payments_bill b ON b.id = c.bill_id"  # noqa: S608
    " WHERE c.judgment_id = j.id AND b.state = 'paid')"
    " + (SELECT COALESCE(SUM(d.fils), 0) FROM payments_refunddue d JOIN payments_billline l ON l.id = d.line_id"
    " JOIN payments_bill b ON b.id = l.bill_id JOIN violations_charge c ON c.bill_id = b.id"
    " WHERE c.judgment_id = j.id AND b.state = 'paid' AND d.state <> 'released')"
    f" FROM {_JUDGMENT} WHERE j.id = NEW.judgment_id)"
)

frozen("violations_judgment", ["violation_id", "ruling_no", "ruled_on", "fils", "entered_by_id", "entered_at"])
frozen(
    "violations_appealruling",
    ["judgment_id", "court", "ruling_no", "ruled_on", "outcome", "fils", "entered_by_id", "entered_at"],
)
for _table in ("violations_judgment", "violations_appealruling"):
    frozen(_table, ["confirmed_by_id", "confirmed_at"], once="OLD.confirmed_by_id IS NOT NULL", name="confirmed_once")
    guard(f"{_table}_entered_first", _table, "INSERT", "NEW.confirmed_by_id IS NOT NULL", "entered_first")
    guard(f"{_table}_confirmed_stays", _table, "DELETE", "OLD.confirmed_by_id IS NOT NULL", "confirmed_stays")
# The ruling in force changes to a later one of the same judgment that two people read; one that upholds keeps the fine.
guard(
    "violations_judgment_appealed",
    "violations_judgment",
    "UPDATE",
    "NEW.appeal_id IS DISTINCT FROM OLD.appeal_id AND NOT EXISTS (SELECT 1 FROM violations_appealruling a WHERE a.id = NEW.appeal_id"
    " AND a.judgment_id = NEW.id AND a.confirmed_by_id IS NOT NULL AND a.id > COALESCE(OLD.appeal_id, 0) AND (a.outcome <> 'upheld'"
    " OR NOT a.fils IS DISTINCT FROM CASE WHEN OLD.appeal_id IS NULL THEN OLD.fils"
    " ELSE (SELECT e.fils FROM violations_appealruling e WHERE e.id = OLD.appeal_id) END))",
    "appeal_without_second_person",
)
# Each ruling on appeal moves its violation once.
guard(
    "violations_violationevent_appealed",
    "violations_violationevent",
    "INSERT",
    "substr(NEW.move, 1, 7) = 'appeal_' AND EXISTS (SELECT 1 FROM audit_edge e WHERE e.workflow = NEW.workflow AND e.move = NEW.move"
    " AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"  # no edge at all is another guard's
    " AND (SELECT COUNT(*) FROM violations_violationevent e WHERE e.subject_id = NEW.subject_id AND substr(e.move, 1, 7) = 'appeal_')"
    " >= (SELECT COUNT(*) FROM violations_appealruling a JOIN violations_judgment j ON j.id = a.judgment_id"
    " WHERE j.violation_id = NEW.subject_id AND a.confirmed_by_id IS NOT NULL)",
    "moved_without_appeal",
)
# Beside a deposit a part of a bill goes back only where a ruling on appeal lowered its fine.
guard(
    "violations_part_given_back",
    "payments_refunddue",
    "INSERT",
    "EXISTS (SELECT 1 FROM payments_billline l WHERE l.id = NEW.line_id AND l.revenue_account <> 'deposits' AND NOT EXISTS ("
    "SELECT 1 FROM violations_charge c JOIN violations_judgment j ON j.id = c.judgment_id"
    " WHERE c.bill_id = l.bill_id AND j.appeal_id IS NOT NULL))",
    "part_without_appeal",
)
