"""What the database refuses of appeals: above all, that whoever refused, or a member of their unit, decides."""

from municipality.kernel.guards import frozen, guard, never_deleted

never_deleted("licensing_appeal")
frozen("licensing_appeal", ["case_id", "refusal_id", "unit_id", "words", "answer_by", "draw", "filed_at"])
frozen("licensing_appeal", ["decision_id"], once="OLD.decision_id IS NOT NULL", name="decision_once")
# Against a signed refusal, by the unit that refused it, and in another branch than this unit.
guard(
    "licensing_appeal_elsewhere",
    "licensing_appeal",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM review_decision d JOIN cases_case first ON first.id = d.case_id"
    " JOIN cases_case c ON c.id = NEW.case_id WHERE d.id = NEW.refusal_id AND d.outcome = 'refuse' AND d.signed_at IS NOT NULL"
    " AND first.branch_id = NEW.unit_id AND c.branch_id <> NEW.unit_id)",
    "appeal_at_home",
)
# The first officer, whoever signed with them, and the members of their unit.
_DECIDED_BEFORE = (
    "EXISTS (SELECT 1 FROM licensing_appeal a JOIN review_decision d ON d.id = a.refusal_id JOIN accounts_user u ON u.id = {officer}"
    " WHERE a.case_id = {case} AND ({officer} = d.made_by_id OR {officer} = d.signed_by_id OR u.branch_id = a.unit_id))"
)
guard(
    "review_assignment_appeal",
    "review_assignment",
    "INSERT",
    _DECIDED_BEFORE.format(officer="NEW.officer_id", case="(SELECT p.case_id FROM review_queueentry p WHERE p.id = NEW.place_id)"),
    "decided_before",
)
guard(
    "review_decision_appeal_made",
    "review_decision",
    "INSERT",
    _DECIDED_BEFORE.format(officer="NEW.made_by_id", case="NEW.case_id"),
    "decided_before",
)
guard(
    "review_decision_appeal_signed",
    "review_decision",
    "UPDATE",
    "NEW.signed_by_id IS NOT NULL AND OLD.signed_by_id IS NULL AND "
    + _DECIDED_BEFORE.format(officer="NEW.signed_by_id", case="NEW.case_id"),
    "decided_before",
)
# A refused request is opened again by an appeal that was allowed, and by nothing else.
guard(
    "cases_caseevent_appeal_allowed",
    "cases_caseevent",
    "INSERT",
    "NEW.move = 'allow_appeal'"
    " AND EXISTS (SELECT 1 FROM audit_edge e"
    " WHERE e.workflow = NEW.workflow AND e.move = NEW.move AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"
    " AND NOT EXISTS (SELECT 1 FROM licensing_appeal a"  # no edge at all is another guard's
    " JOIN review_decision d ON d.id = a.refusal_id JOIN cases_case c ON c.id = a.case_id"
    " WHERE d.case_id = NEW.subject_id AND c.state = 'allowed')",
    "no_allowed_appeal",
)
