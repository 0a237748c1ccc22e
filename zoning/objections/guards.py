"""What the database refuses of objections: above all, that whoever wrote or signed an opinion has a part in studying it again."""

from municipality.kernel.guards import frozen, guard, never_deleted

never_deleted("zoning_opinionobjection")
frozen("zoning_opinionobjection", ["case_id", "opinion_id", "words", "answer_by", "draw", "filed_at"])
frozen("zoning_opinionobjection", ["decision_id"], once="OLD.decision_id IS NOT NULL", name="decision_once")
# Against an issued opinion or the signed refusal of a request for one, which replaces no other; in another branch, with a study of the
# same question.
guard(
    "zoning_opinionobjection_elsewhere",
    "zoning_opinionobjection",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM zoning_opinion f JOIN cases_case fc ON fc.id = f.case_id JOIN zoning_opinion o ON o.first_id = f.id"
    " JOIN cases_case c ON c.id = o.case_id WHERE f.id = NEW.opinion_id AND o.case_id = NEW.case_id"
    " AND (fc.state = 'issued' OR fc.state = 'refused' AND EXISTS (SELECT 1 FROM review_decision r WHERE r.case_id = fc.id"
    " AND r.outcome = 'refuse' AND r.signed_at IS NOT NULL AND r.voided_at IS NULL))"
    " AND f.first_id IS NULL AND c.service = 'zoning.objection' AND c.branch_id <> fc.branch_id)",
    "objection_at_home",
)
guard(
    "zoning_opinionobjection_chosen",
    "zoning_opinionobjection",
    "UPDATE",
    "NEW.study_code <> OLD.study_code AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.id = NEW.case_id AND c.state = 'in_review')",
    "not_under_study",
)
# Who wrote a draft of the first opinion, proposed a decision about it or signed one.
_TOOK_PART = (
    "EXISTS (SELECT 1 FROM zoning_opinion o JOIN zoning_opinion f ON f.id = o.first_id WHERE o.case_id = {case}"
    " AND (EXISTS (SELECT 1 FROM zoning_opiniondraft d WHERE d.opinion_id = f.id AND d.made_by_id = {officer})"
    " OR EXISTS (SELECT 1 FROM review_decision r WHERE r.case_id = f.case_id AND {officer} IN (r.made_by_id, r.signed_by_id))))"
)
for _table, _event, _officer, _case, _when in (
    ("review_assignment", "INSERT", "officer_id", "(SELECT p.case_id FROM review_queueentry p WHERE p.id = NEW.place_id)", ""),
    ("review_decision", "INSERT", "made_by_id", "NEW.case_id", ""),
    ("review_decision", "UPDATE", "signed_by_id", "NEW.case_id", "NEW.signed_by_id IS NOT NULL AND OLD.signed_by_id IS NULL AND "),
    ("zoning_opiniondraft", "INSERT", "made_by_id", "(SELECT n.case_id FROM zoning_opinion n WHERE n.id = NEW.opinion_id)", ""),
):
    guard(
        f"{_table}_objection_{_officer.removesuffix('_id')}",
        _table,
        _event,
        _when + _TOOK_PART.format(officer=f"NEW.{_officer}", case=_case),
        "decided_before",
    )
# A question is studied anew, without a fee, only because an objection was upheld.
guard(
    "cases_caseevent_opinion_restudied",
    "cases_caseevent",
    "INSERT",
    "NEW.workflow = 'zoning.opinion' AND NEW.move = 'restudy' AND EXISTS (SELECT 1 FROM audit_edge e"
    " WHERE e.workflow = NEW.workflow AND e.move = NEW.move AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"
    " AND NOT EXISTS (SELECT 1 FROM zoning_opinion o JOIN zoning_opinionobjection b ON b.opinion_id = o.first_id"
    " JOIN cases_case c ON c.id = b.case_id WHERE o.case_id = NEW.subject_id AND c.state = 'sent_back')",
    "no_upheld_objection",
)
