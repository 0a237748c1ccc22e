"""Guards of violations: facts are immutable, states change by events, and sums and ends need what justifies them."""

from municipality.imports.guards import guard_rows
from municipality.kernel.guards import frozen, guard, insert_only, moved_by_event, never_deleted
from violations.court_guards import FINE, LEFT, RULED
from violations.models import PaperRow

_V = "violations_violation"
moved_by_event(_V, "violations_violationevent", "'violations.violation'")
never_deleted(_V)
# A delegate's step stands on a delegation in force for the shop, and is one that is not the party's alone.
guard(
    "violations_violationevent_delegated",
    "violations_violationevent",
    "INSERT",
    "NEW.actor_role = 'delegate' AND (NEW.move NOT IN ('extend', 'object') OR NOT EXISTS (SELECT 1 FROM violations_violation v"
    " JOIN shops_shop s ON s.id = v.shop_id JOIN delegation_delegation d ON d.state = 'active'"
    " AND d.service IN ('', 'violations.objection') AND (d.subject = 'shop:' || s.public_id"
    " OR (d.subject LIKE 'organisation:%' AND d.organisation_id = s.organisation_id))"
    " JOIN accounts_user u ON u.id = d.delegate_id WHERE v.id = NEW.subject_id AND NEW.actor_key = 'person:' || u.public_id))",
    "no_delegation",
)
frozen(
    _V,
    [
        *("public_id", "visit_id", "inspector_id", "branch_id", "offence", "offence_facts", "edition", "limits_edition"),
        *("quantity_hundredths", "months", "repeat_count", "note_ar", "shop_id", "party_digest", "party_cipher", "party_masked"),
        *("party_name_ar", "is_womens_premises", "area_id", "block", "street", "place_note"),
        *("seen_at", "received_at", "paper_id"),
    ],
)
for _column in ("number", "warning_number", "party_id"):
    frozen(_V, [_column], once=f"OLD.{_column} IS NOT NULL", name=f"{_column}_once")


def _not_moved(column: str, kind: str) -> str:
    """SQL: a last day changes, once it is set, otherwise than a row about an incident says."""
    moved = (
        f"EXISTS (SELECT 1 FROM incidents_moveddeadline m WHERE m.kind = '{kind}' AND m.thing = OLD.id"  # noqa: S608 - the names below
        f" AND m.before = OLD.{column} AND m.after = NEW.{column})"
    )
    return f"(OLD.{column} IS NOT NULL AND OLD.{column} IS DISTINCT FROM NEW.{column} AND NOT {moved})"


for _column, _kind in (("object_until", "violations.objection"), ("correct_until", "violations.correction")):
    guard(f"{_V}_{_column}_once", _V, "UPDATE", _not_moved(_column, _kind), "not_moved")
# A last day that was said is kept: it moves to later days only.
guard(f"{_V}_settle_until_later", _V, "UPDATE", "NEW.settle_until < OLD.settle_until", "settle_until_earlier")
# The last day of a part moves later too after the bank took a payment of it, or of one before it, back, or one that was under review ended.
_KEPT_OPEN = (
    "(NEW.due_on > OLD.due_on AND EXISTS (SELECT 1 FROM violations_charge c JOIN payments_allocation a ON a.bill_id = c.bill_id"
    " JOIN payments_attemptevent e ON e.subject_id = a.attempt_id JOIN violations_instalment i ON i.id = c.instalment_id"
    " WHERE i.plan_id = OLD.plan_id AND i.number <= OLD.number AND e.move IN ('void', 'doubt')))"
)
guard(
    "violations_instalment_no_update",
    "violations_instalment",
    "UPDATE",
    "OLD.plan_id IS DISTINCT FROM NEW.plan_id OR OLD.number IS DISTINCT FROM NEW.number OR OLD.fils IS DISTINCT FROM NEW.fils OR ("
    + _not_moved("due_on", "violations.instalment")
    + f" AND NOT {_KEPT_OPEN})",
    "not_moved",
)
# Only a judicial officer in office writes, and premises for women are for a team of women.
guard(
    "violations_by_inspector",
    _V,
    "INSERT",
    "NEW.paper_id IS NULL AND NOT EXISTS (SELECT 1 FROM violations_judicialwarrant i JOIN violations_team t ON t.code = i.team_id"
    " WHERE i.id = NEW.inspector_id AND t.branch_id = NEW.branch_id AND (t.is_womens OR NOT NEW.is_womens_premises))",
    "not_by_inspector",
)
# The visit is that of the inspector who writes, at the time that the violation report names.
guard(
    "violations_on_visit",
    _V,
    "INSERT",
    "NEW.visit_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM fieldwork_visit f JOIN violations_judicialwarrant i ON i.user_id = f.sender_id"
    " WHERE f.id = NEW.visit_id AND i.id = NEW.inspector_id AND f.started_at = NEW.seen_at)",
    "not_of_visit",
)
# An inspection of a licence is for a judicial officer too, and premises for women for one of a team of women.
for _event, _changed in (("INSERT", ""), ("UPDATE", "OLD.inspector_id <> NEW.inspector_id AND ")):
    guard(
        f"licensing_inspection_officer_{_event.lower()}",
        "licensing_inspection",
        _event,
        f"{_changed}NOT EXISTS (SELECT 1 FROM violations_judicialwarrant i JOIN violations_team t ON t.code = i.team_id"  # noqa: S608
        " JOIN rulebook_activity a ON a.code = NEW.activity_id WHERE i.user_id = NEW.inspector_id AND (t.is_womens OR NOT a.is_womens))",
        "not_by_inspector",
    )
guard(
    "violations_evidence_kind",
    "fieldwork_evidence",
    "INSERT",
    "NEW.kind NOT IN ('offence', 'signature', 'correction', 'defence')"
    " AND EXISTS (SELECT 1 FROM violations_violation v WHERE v.visit_id = NEW.visit_id)",
    "unknown_kind",
)
# Annulled: an upheld objection, two people, or its writer in time. Waived: two people. With the court: a referral.
# Ruled: a confirmed ruling.
for _state, _ground in (
    (
        "annulled",
        "EXISTS (SELECT 1 FROM violations_annulment a WHERE a.violation_id = NEW.id AND a.allowed_by_id IS NOT NULL)"
        " OR EXISTS (SELECT 1 FROM violations_writerannulment w WHERE w.violation_id = NEW.id)"
        " OR EXISTS (SELECT 1 FROM violations_objection o JOIN cases_case c ON c.id = o.case_id"
        " WHERE o.violation_id = NEW.id AND c.state = 'upheld')",
    ),
    (
        "waived",
        "EXISTS (SELECT 1 FROM violations_relief r WHERE r.violation_id = NEW.id AND r.kind = 'waiver' AND r.allowed_by_id IS NOT NULL)",
    ),
    (
        "referred",
        "EXISTS (SELECT 1 FROM violations_referral r WHERE r.violation_id = NEW.id)"
        " OR (NEW.paper_id IS NOT NULL AND OLD.state = 'recorded')",
    ),
    (
        "judged",
        f"{RULED} AND {FINE} IS NOT NULL)",
    ),
    (
        "acquitted",
        f"{RULED} AND {FINE} IS NULL)",
    ),
    (
        "paid",
        "EXISTS (SELECT 1 FROM violations_charge c JOIN payments_bill b ON b.id = c.bill_id"
        " WHERE c.violation_id = NEW.id AND b.state = 'paid')",
    ),
):
    guard(
        f"violations_{_state}_on_ground",
        _V,
        "UPDATE",
        f"NEW.state = '{_state}' AND OLD.state <> '{_state}' AND NOT ({_ground})",
        f"{_state}_without_ground",
    )

insert_only("violations_service")
# A service by hand says how, by whom and with which receipt or witness, and lies not before the violation report was written.
guard(
    "violations_service_by_hand_proved",
    "violations_service",
    "INSERT",
    "NEW.ground = 'by_hand' AND (COALESCE(NEW.proof ->> 'how', '') NOT IN ('handed', 'household', 'refused', 'post')"
    " OR COALESCE(NEW.proof ->> 'by', '') = '' OR COALESCE(NEW.proof ->> 'receipt', '') = ''"
    " OR EXISTS (SELECT 1 FROM violations_violation v WHERE v.id = NEW.violation_id AND v.seen_at > NEW.at)"
    " OR EXISTS (SELECT 1 FROM violations_violationevent e WHERE e.subject_id = NEW.violation_id AND e.move IN ('order', 'charge')"
    " AND e.at > NEW.at))",
    "not_proved",
)
insert_only("violations_settlementorder")
insert_only("violations_extension")
never_deleted("violations_instalment")
insert_only("violations_referralbatch")
insert_only("violations_referral")
# Nothing is referred past an annulment, a waiver or a reduction that waits for its second person: with the court none can be allowed.
_PROPOSED = " OR ".join(
    f"EXISTS (SELECT 1 FROM {_table} p WHERE p.violation_id = NEW.violation_id AND p.allowed_at IS NULL AND p.refused_at IS NULL)"  # noqa: S608
    for _table in ("violations_annulment", "violations_relief")
)
guard("violations_referral_waits", "violations_referral", "INSERT", _PROPOSED, "proposal_waits")
insert_only("violations_defence")
insert_only("violations_addition")
insert_only("violations_charge")
# After referral only the court's amount is payable; before it, only the settlement.
guard(
    "violations_charge_fits_state",
    "violations_charge",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM violations_violation v WHERE v.id = NEW.violation_id AND ("
    "(NEW.kind = 'settlement' AND v.state = 'ordered') OR (NEW.kind = 'instalment' AND v.state = 'instalments')"
    " OR (NEW.kind = 'court' AND v.state = 'judged')))",
    "charge_against_state",
)
guard(
    "violations_charge_is_the_sum",
    "violations_charge",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM payments_bill b WHERE b.id = NEW.bill_id AND b.total_fils ="  # noqa: S608 - declared in code
    " COALESCE((SELECT o.fils FROM violations_settlementorder o WHERE o.id = NEW.order_id),"
    f" (SELECT p.fils FROM violations_instalment p WHERE p.id = NEW.instalment_id), {LEFT}))",
    "charge_is_another_sum",
)
# A payment that nobody signed in for is one of a violation, which was found by its number and digits.
guard(
    "violations_visitor_pays_violation",
    "payments_allocation",
    "INSERT",
    "EXISTS (SELECT 1 FROM payments_attempt t WHERE t.id = NEW.attempt_id AND t.started_by_id IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM violations_charge c WHERE c.bill_id = NEW.bill_id)",
    "visitor_pays_something_else",
)

never_deleted("violations_judicialwarrant")
frozen("violations_judicialwarrant", ["user_id", "badge_no", "decision_no", "decision_on", "first_day"])

moved_by_event("violations_plan", "violations_planevent", "'violations.plan'")
never_deleted("violations_plan")
frozen("violations_plan", ["public_id", "violation_id", "order_id", "count", "agreed_at", "agreed_by"])
# No plan runs on for a violation that is not paid in parts any more, and one ends otherwise than by a missed part only with its sum.
guard(
    "violations_plan_ends_first",
    _V,
    "UPDATE",
    "OLD.state = 'instalments' AND NEW.state <> 'instalments'"
    " AND EXISTS (SELECT 1 FROM violations_plan p WHERE p.violation_id = NEW.id AND p.state = 'active')",
    "plan_runs",
)
guard(
    "violations_plan_ends_on_ground",
    "violations_planevent",
    "INSERT",
    "NEW.move = 'end' AND EXISTS (SELECT 1 FROM audit_edge e WHERE e.workflow = NEW.workflow AND e.move = NEW.move"
    " AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"  # no edge at all is another guard's
    " AND NOT EXISTS (SELECT 1 FROM violations_plan p WHERE p.id = NEW.subject_id AND ("
    "EXISTS (SELECT 1 FROM violations_annulment a WHERE a.violation_id = p.violation_id AND a.allowed_by_id IS NOT NULL)"
    " OR EXISTS (SELECT 1 FROM violations_writerannulment w WHERE w.violation_id = p.violation_id)"
    " OR EXISTS (SELECT 1 FROM violations_relief r WHERE r.violation_id = p.violation_id AND r.kind = 'waiver'"
    " AND r.allowed_by_id IS NOT NULL)))",
    "plan_ends_without_ground",
)

never_deleted("violations_objection")
frozen(
    "violations_objection",
    ["case_id", "violation_id", "ground", "words", "origin", "keeps_price", "answer_by", "defend_by", "draw", "filed_at"],
)
frozen("violations_objection", ["decision_id"], once="OLD.decision_id IS NOT NULL", name="decision_once")
# A question ends before silence decides.
guard(
    "violations_question_before_silence",
    "review_correctionround",
    "INSERT",
    "EXISTS (SELECT 1 FROM violations_objection o WHERE o.case_id = NEW.case_id AND NEW.answer_by >= o.answer_by)",
    "question_after_silence",
)
# Decided by another branch than the one that wrote the violation report.
guard(
    "violations_objection_elsewhere",
    "violations_objection",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM cases_case c JOIN violations_violation v ON v.id = NEW.violation_id"
    " WHERE c.id = NEW.case_id AND c.branch_id <> v.branch_id)",
    "objection_at_home",
)

for _table in ("violations_annulment", "violations_relief", "violations_stoplift"):
    never_deleted(_table)
    frozen(_table, ["public_id", "violation_id", "code", "note_ar", "asked_by_id", "asked_at"])
    frozen(_table, ["allowed_by_id", "allowed_at"], once="OLD.allowed_by_id IS NOT NULL", name="allowed_once")
    guard(f"{_table}_decided_once", _table, "UPDATE", "OLD.allowed_by_id IS NOT NULL AND NEW.refused_at IS NOT NULL", "decided_once")
    guard(
        f"{_table}_refused_stays",
        _table,
        "UPDATE",
        "OLD.refused_at IS NOT NULL AND (NEW.refused_at IS DISTINCT FROM OLD.refused_at OR NEW.allowed_by_id IS NOT NULL"
        " OR NEW.refused_because <> OLD.refused_because)",
        "refused_stays",
    )
    # Whoever proposed it reads why it was refused.
    guard(
        f"{_table}_refused_in_words",
        _table,
        "UPDATE",
        "OLD.refused_at IS NULL AND NEW.refused_at IS NOT NULL AND trim(NEW.refused_because) = ''",
        "refused_without_words",
    )
    guard(f"{_table}_asked_first", _table, "INSERT", "NEW.allowed_by_id IS NOT NULL OR NEW.refused_at IS NOT NULL", "asked_first")
# A writer annuls alone: the report that stands, which is their own, until the moment that was set when it was issued, and unpaid.
insert_only("violations_writerannulment")
_ISSUED = (
    "NOT EXISTS (SELECT 1 FROM violations_violationevent e JOIN violations_violation v ON v.id = e.subject_id"
    " JOIN accounts_user u ON u.id = NEW.by_id WHERE v.id = NEW.violation_id AND e.move IN ('warn', 'order', 'charge')"
    " AND e.to_state = CASE v.state WHEN 'instalments' THEN 'ordered' ELSE v.state END AND {})"
)
guard(
    "violations_annulled_by_its_writer",
    "violations_writerannulment",
    "INSERT",
    _ISSUED.format("e.actor_key = 'staff:' || u.public_id"),
    "not_its_writer",
)
guard(
    "violations_annulled_in_time",
    "violations_writerannulment",
    "INSERT",
    _ISSUED.format("substr(CAST(NEW.at AS text), 1, 19) <= COALESCE(e.data ->> 'writer_annuls_until', '')"),
    "too_late",
)
guard(
    "violations_annulled_unpaid",
    "violations_writerannulment",
    "INSERT",
    "EXISTS (SELECT 1 FROM violations_charge c JOIN payments_bill b ON b.id = c.bill_id"
    " WHERE c.violation_id = NEW.violation_id AND b.state = 'paid')",
    "already_paid",
)
# A stop is lifted by hand by two roles of two units, and the units that a row names are those of its people.
frozen("violations_stoplift", ["until", "asked_unit"], name="period")
frozen("violations_stoplift", ["allowed_unit"], once="OLD.allowed_by_id IS NOT NULL", name="unit_once")
for _event, _first, _who, _unit, _role in (
    ("INSERT", "", "asked_by_id", "asked_unit", "violation_clerk"),
    ("UPDATE", "OLD.allowed_by_id IS NULL AND ", "allowed_by_id", "allowed_unit", "violation_authority"),
):
    guard(
        f"violations_stoplift_{_unit}",
        "violations_stoplift",
        _event,
        f"{_first}NEW.{_who} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM accounts_user u"  # noqa: S608 - declared in code
        " JOIN accounts_user_groups m ON m.user_id = u.id JOIN auth_group g ON g.id = m.group_id"
        f" WHERE u.id = NEW.{_who} AND g.name = '{_role}' AND COALESCE(u.branch_id, 'HQ') = NEW.{_unit})",
        "not_of_role_and_unit",
    )
# While a sum is unpaid its stop ends only on such a lift that runs; days compare as text, alike on both databases.
guard(
    "violations_stop_stays",
    "cases_block",
    "UPDATE",
    "OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL AND OLD.ground = 'unpaid_violation'"
    " AND EXISTS (SELECT 1 FROM violations_violation v WHERE v.public_id = substr(OLD.source, 11)"
    " AND v.state IN ('overdue', 'referred', 'judged') AND NOT EXISTS (SELECT 1 FROM violations_stoplift l WHERE l.violation_id = v.id"
    " AND l.allowed_by_id IS NOT NULL AND CAST(l.until AS text) >= substr(CAST(NEW.lifted_at AS text), 1, 10)))",
    "stop_without_ground",
)
frozen("violations_relief", ["kind", "percent", "before_fils", "after_fils"], name="amounts")

# Paper: a fine is carried over from a good line of a file that a second person released, to the state and for the sum of that line.
guard(
    "violations_by_paper",
    _V,
    "INSERT",
    "NEW.paper_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM violations_paperrow r JOIN imports_importfile f ON f.id = r.file_id"
    " WHERE r.id = NEW.paper_id AND r.outcome = 'add' AND r.branch_id = NEW.branch_id AND r.number = NEW.number"
    " AND f.released_by_id IS NOT NULL)",
    "not_released",
)
guard(
    "violations_carried_as_on_paper",
    "violations_violationevent",
    "INSERT",
    "NEW.from_state = 'recorded' AND EXISTS (SELECT 1 FROM audit_edge e WHERE e.workflow = NEW.workflow AND e.move = NEW.move"
    " AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"  # no edge at all is another guard's
    " AND NOT EXISTS (SELECT 1 FROM violations_violation v LEFT JOIN violations_paperrow r ON r.id = v.paper_id"
    " WHERE v.id = NEW.subject_id AND ((r.id IS NULL AND substr(NEW.move, 1, 6) <> 'carry_') OR NEW.move = 'carry_' || r.state))",
    "not_as_on_paper",
)
guard(
    "violations_paper_sum",
    "violations_settlementorder",
    "INSERT",
    "(NEW.ground = 'paper' AND NOT EXISTS (SELECT 1 FROM violations_violation v JOIN violations_paperrow r ON r.id = v.paper_id"
    " WHERE v.id = NEW.violation_id AND r.fils = NEW.fils)) OR (NEW.ground = 'violation_report' AND EXISTS"
    " (SELECT 1 FROM violations_violation v WHERE v.id = NEW.violation_id AND v.paper_id IS NOT NULL))",
    "another_sum_than_on_paper",
)
guard(
    "violations_paper_ruling",
    "violations_judgment",
    "INSERT",
    "EXISTS (SELECT 1 FROM violations_violation v JOIN violations_paperrow r ON r.id = v.paper_id WHERE v.id = NEW.violation_id"
    " AND r.state = 'judged' AND NEW.fils IS DISTINCT FROM r.fils)",
    "another_sum_than_on_paper",
)
guard_rows(PaperRow, "paper")
