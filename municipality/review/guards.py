"""Guards of the queue and the desk."""

from municipality.kernel.guards import frozen, guard, insert_only, moved_by_event, never_deleted
from municipality.review.models.desk import ANSWERS

moved_by_event("review_queueentry", "review_queueentryevent", "'review.queueentry'")
never_deleted("review_queueentry")
frozen("review_queueentry", ["id", "case_id", "branch_id", "skill", "joined_at"])
insert_only("review_party")
insert_only("review_escalation")
insert_only("review_checkanswer")
insert_only("review_correctionitem")
for _table in ("review_assignment", "review_override", "review_skill", "review_absence", "review_conflictofinterest", "review_clock"):
    never_deleted(_table)
for _table in ("review_correctionround", "review_decision"):
    never_deleted(_table)
frozen("review_assignment", ["place_id", "officer_id", "drawn_at", "override_id"])
frozen("review_assignment", ["ended_at", "end_code", "on_desk"], once="OLD.ended_at IS NOT NULL", name="ends_once")
frozen("review_override", ["place_id", "code", "asked_by_id", "asked_at"])
frozen("review_override", ["allowed_by_id", "allowed_at"], once="OLD.allowed_at IS NOT NULL", name="allowed_once")
frozen("review_conflictofinterest", ["officer_id", "party_key", "kind", "declared_by_id", "declared_at"])
frozen("review_conflictofinterest", ["ended_at", "ended_by_id"], once="OLD.ended_at IS NOT NULL", name="ends_once")
frozen("review_absence", ["officer_id", "kind", "first_day", "last_day", "entered_by_id", "entered_at"])
frozen("review_correctionround", ["case_id", "number", "asked_by_id", "asked_at", "standing", "raises_old", "second_code"])
frozen("review_correctionround", ["answered_at"], once="OLD.answered_at IS NOT NULL", name="answered_once")
frozen("review_correctionround", ["closed_at"], once="OLD.closed_at IS NOT NULL", name="closed_once")
_WORDS = ["outcome", "code", "article_ar", "article_en", "text_ar", "text_en", "note_ar", "note_en", "items", "digest"]
frozen("review_decision", ["case_id", "made_by_id", "made_at", *_WORDS])
frozen("review_decision", ["signed_by_id", "signed_at", "signed_digest"], once="OLD.signed_at IS NOT NULL", name="signed_once")
frozen("review_decision", list(ANSWERS), once="OLD.is_proven IS NOT NULL", name="answered_once")
frozen("review_decision", ["voided_at"], once="OLD.voided_at IS NOT NULL", name="voided_once")

_HAS_CONFLICT = (
    "SELECT 1 FROM review_party pa JOIN review_conflictofinterest t ON t.party_key = pa.key"
    " WHERE pa.case_id = {case} AND t.officer_id = {officer} AND t.ended_at IS NULL"
)
_CASE_OF_NEW = "(SELECT p.case_id FROM review_queueentry p WHERE p.id = NEW.place_id)"
# No assignment of a case to an officer with a conflict of interest.
guard(
    "review_assignment_tied",
    "review_assignment",
    "INSERT",
    f"EXISTS ({_HAS_CONFLICT.format(case=_CASE_OF_NEW, officer='NEW.officer_id')})",
    "tied",
)
# No assignment of a case of another branch, or without its skill.
guard(
    "review_assignment_fits",
    "review_assignment",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM review_queueentry p JOIN accounts_user u ON u.id = NEW.officer_id"
    " JOIN review_skill s ON s.officer_id = u.id AND s.code = p.skill AND s.ended_at IS NULL"
    " WHERE p.id = NEW.place_id AND p.branch_id = u.branch_id AND u.is_active AND u.is_staff)",
    "not_theirs",
)
# No assignment while an older case waits that the officer may decide, without an allowed override.
guard(
    "review_assignment_order",
    "review_assignment",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM review_override o WHERE o.id = NEW.override_id AND o.place_id = NEW.place_id AND o.allowed_at IS NOT NULL)"  # noqa: S608 - constants
    " AND EXISTS (SELECT 1 FROM review_queueentry w JOIN review_queueentry mine ON mine.id = NEW.place_id"
    " WHERE w.state = 'waiting' AND w.id < mine.id AND w.branch_id = mine.branch_id"
    " AND w.skill IN (SELECT s.code FROM review_skill s WHERE s.officer_id = NEW.officer_id AND s.ended_at IS NULL)"
    f" AND NOT EXISTS ({_HAS_CONFLICT.format(case='w.case_id', officer='NEW.officer_id')}))",
    "out_of_order",
)
# An officer moves only cases that are assigned to them.
guard(
    "cases_caseevent_drawn",
    "cases_caseevent",
    "INSERT",
    "NEW.actor_role = 'officer' AND NOT EXISTS (SELECT 1 FROM review_assignment a JOIN review_queueentry p ON p.id = a.place_id"
    " JOIN accounts_user u ON u.id = a.officer_id"
    " WHERE p.case_id = NEW.subject_id AND a.ended_at IS NULL AND NEW.actor_key = 'staff:' || u.public_id)",
    "not_in_your_hands",
)
# No signature by a supervisor with a conflict of interest (that makers do not sign are check constraints).
guard(
    "review_decision_tied",
    "review_decision",
    "UPDATE",
    "NEW.signed_by_id IS NOT NULL AND OLD.signed_by_id IS NULL"
    f" AND EXISTS ({_HAS_CONFLICT.format(case='NEW.case_id', officer='NEW.signed_by_id')})",
    "tied",
)
# No signature under a refusal without a yes to each of the four questions.
_ALL_YES = " AND ".join(f"NEW.{name}" for name in ANSWERS)
guard(
    "review_decision_answered",
    "review_decision",
    "UPDATE",
    f"NEW.signed_at IS NOT NULL AND OLD.signed_at IS NULL AND NEW.outcome = 'refuse' AND ({_ALL_YES}) IS NOT TRUE",
    "not_answered",
)
guard(
    "review_decision_born_answered",
    "review_decision",
    "INSERT",
    f"NEW.signed_at IS NOT NULL AND NEW.outcome = 'refuse' AND ({_ALL_YES}) IS NOT TRUE",
    "not_answered",
)
# A case is accepted or refused only with a decision that is not void; a refusal, and an approval with a reason, also need the signature.
guard(
    "cases_caseevent_decided",
    "cases_caseevent",
    "INSERT",
    "NEW.move IN ('accept', 'countersign', 'sign_acceptance')"
    " AND EXISTS (SELECT 1 FROM review_queueentry p WHERE p.case_id = NEW.subject_id)"
    " AND NOT EXISTS (SELECT 1 FROM review_decision d WHERE d.case_id = NEW.subject_id AND d.voided_at IS NULL"
    " AND ((NEW.move = 'accept' AND d.outcome = 'accept' AND d.code = '')"
    " OR (((NEW.move = 'countersign' AND d.outcome = 'refuse') OR (NEW.move = 'sign_acceptance' AND d.outcome = 'accept'))"
    " AND d.signed_digest = d.digest AND d.signed_at IS NOT NULL)))",
    "not_decided",
)
