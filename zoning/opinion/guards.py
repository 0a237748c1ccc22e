"""What the database refuses of opinions: above all, one that deviates without reason, second signature and task, and a yes on silence."""

from municipality.kernel.guards import frozen, guard, insert_only, never_deleted

_QUESTION = ["case_id", "plot_id", "asker", "activity_id", "floor", "instant_outcome", "instant_grounds", "instant_edition"]
never_deleted("zoning_opinion")
frozen("zoning_opinion", [*_QUESTION, "activity_group", "land_class", "longitude", "latitude", "files_key", "first_id"])
frozen("zoning_opinion", ["document_id"], once="OLD.document_id IS NOT NULL", name="document_once")
insert_only("zoning_opiniondraft")
never_deleted("zoning_consultation")
_ASKED = ["opinion_id", "code", "name_ar", "name_en", "question_ar", "question_en", "is_safety", "asked_at", "due_at"]
frozen("zoning_consultation", _ASKED)
frozen("zoning_consultation", ["silent_at"], once="OLD.silent_at IS NOT NULL", name="silent_once")
frozen("zoning_consultation", ["answer", "words", "answered_at", "recorded_by_id"], once="OLD.answer <> ''", name="answered_once")
never_deleted("zoning_ruletask")
frozen("zoning_ruletask", ["opinion_id", "code", "edition", "opened_at", "due_on"])
frozen("zoning_ruletask", ["done_at", "done_by_id", "result"], once="OLD.done_at IS NOT NULL", name="done_once")

# The newest draft of the opinion of the case of an event.
_DRAFT = (
    "SELECT 1 FROM zoning_opinion o JOIN zoning_opiniondraft d ON d.opinion_id = o.id"
    " AND d.id = (SELECT MAX(n.id) FROM zoning_opiniondraft n WHERE n.opinion_id = o.id) WHERE o.case_id = NEW.subject_id"
)
_EDGE = (  # no edge at all is another guard's
    "NEW.workflow IN ('zoning.opinion', 'zoning.objection') AND EXISTS (SELECT 1 FROM audit_edge e WHERE e.workflow = NEW.workflow"
    " AND e.move = NEW.move AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"
)
# An objection that has the question studied anew needs no draft, but its reason signed by another person.
_STUDIED_ANEW = (
    "NEW.move = 'sign_acceptance' AND EXISTS (SELECT 1 FROM zoning_opinionobjection b JOIN review_decision s ON s.case_id = b.case_id"
    " WHERE b.case_id = NEW.subject_id AND b.study_code <> '' AND s.voided_at IS NULL AND s.code = b.study_code"
    " AND s.signed_at IS NOT NULL AND s.signed_digest = s.digest AND s.signed_by_id <> s.made_by_id)"
)
_DECIDES = f"{_EDGE} AND NEW.move IN ('accept', 'sign_acceptance') AND NOT ({_STUDIED_ANEW})"
# No opinion without a draft; one that deviates only by the move of the second signature, with a decision that another person signed.
guard(
    "cases_caseevent_opinion_signed",
    "cases_caseevent",
    "INSERT",
    f"{_DECIDES} AND NOT EXISTS ({_DRAFT} AND (d.agreement <> 'deviates' OR (NEW.move = 'sign_acceptance' AND d.code <> ''"  # noqa: S608 - constants
    " AND EXISTS (SELECT 1 FROM review_decision s WHERE s.case_id = NEW.subject_id AND s.voided_at IS NULL AND s.code = d.code"
    " AND s.signed_at IS NOT NULL AND s.signed_digest = s.digest AND s.signed_by_id <> s.made_by_id))))",
    "deviates_unsigned",
)
# What bodies answered by the word of whoever decides: another person signs it, unless the rules say no without them.
guard(
    "cases_caseevent_opinion_answers",
    "cases_caseevent",
    "INSERT",
    f"{_DECIDES} AND EXISTS ({_DRAFT} AND d.agreement <> 'deviates' AND NOT (d.agreement = 'agrees' AND d.outcome = 'not_permitted')"  # noqa: S608 - constants
    " AND EXISTS (SELECT 1 FROM zoning_consultation c JOIN review_decision s ON s.made_by_id = c.recorded_by_id"
    " WHERE c.opinion_id = o.id AND s.case_id = NEW.subject_id AND s.voided_at IS NULL AND (s.signed_at IS NULL"
    " OR s.signed_digest <> s.digest OR s.signed_by_id = c.recorded_by_id)))",
    "own_answers",
)
# Silence of a body that is asked about health or safety never counts as a yes, its objection forbids one, and its conditions a plain one.
guard(
    "cases_caseevent_opinion_safe",
    "cases_caseevent",
    "INSERT",
    f"{_DECIDES} AND EXISTS ({_DRAFT} AND d.outcome IN ('permitted', 'conditional')"  # noqa: S608 - constants
    " AND EXISTS (SELECT 1 FROM zoning_consultation c WHERE c.opinion_id = o.id AND c.is_safety"
    " AND (c.answer NOT IN ('no_objection', 'conditions') OR c.answer = 'conditions' AND d.outcome = 'permitted')))",
    "safety_open",
)
# Nobody is passed over: every body has answered, or its deadline has passed and it is recorded as silent.
guard(
    "cases_caseevent_opinion_heard",
    "cases_caseevent",
    "INSERT",
    f"{_DECIDES} AND EXISTS (SELECT 1 FROM zoning_opinion o JOIN zoning_consultation c ON c.opinion_id = o.id"  # noqa: S608 - constants
    " WHERE o.case_id = NEW.subject_id AND c.answer = '' AND c.silent_at IS NULL)",
    "body_not_heard",
)
# An opinion that deviates is not issued without its task.
guard(
    "cases_caseevent_opinion_task",
    "cases_caseevent",
    "INSERT",
    f"{_EDGE} AND NEW.move = 'issue' AND EXISTS ({_DRAFT} AND d.agreement = 'deviates'"  # noqa: S608 - constants
    " AND NOT EXISTS (SELECT 1 FROM zoning_ruletask t WHERE t.opinion_id = o.id))",
    "no_rule_task",
)
# A draft belongs to an opinion that is under study.
guard(
    "zoning_opiniondraft_open",
    "zoning_opiniondraft",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM zoning_opinion o JOIN cases_case c ON c.id = o.case_id"
    " WHERE o.id = NEW.opinion_id AND c.state = 'in_review')",
    "not_under_study",
)
