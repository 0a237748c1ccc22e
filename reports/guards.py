"""What the database refuses of reports."""

from municipality.kernel.guards import frozen, guard, insert_only, moved_by_event, never_deleted

_R, _E = "reports_report", "reports_reportevent"
moved_by_event(_R, _E, "'reports.report'")
never_deleted(_R)
_SENT = ["public_id", "number", "key", "channel", "api_key_id", "answers", "words", "language", "latitude", "longitude", "accuracy_m"]
_PLACE = ["place_source", "place_note", "captured_at", "received_at"]
frozen(_R, [*_SENT, *_PLACE])
frozen(_R, ["shop_id"], once="OLD.shop_id IS NOT NULL", name="shop_once")
frozen(_R, ["parent_id"], once="1=1", name="parent_once")


def _event(*moves: str) -> str:
    """Whether the new last event of the row is a new one with one of the moves."""
    names = ", ".join(f"'{move}'" for move in moves)
    return (
        f"EXISTS (SELECT 1 FROM {_E} e WHERE e.id = NEW.last_event_id AND e.id > COALESCE(OLD.last_event_id, 0)"  # noqa: S608 - constants
        f" AND e.move IN ({names}))"
    )


# An inspector is drawn by a move, and never picked.
guard(
    f"{_R}_drawn",
    _R,
    "UPDATE",
    f"(OLD.inspector_id IS DISTINCT FROM NEW.inspector_id OR OLD.draw IS DISTINCT FROM NEW.draw)"
    f" AND NOT {_event('assign', 'draw_again', 'reopen', 'answer_late')}",
    "not_drawn",
)
# What was promised changes with the category only, when it is opened again, or to the earlier time of a report that was joined with it.
_JOINED = (
    f"OLD.category = NEW.category AND NEW.due_at <= OLD.due_at AND EXISTS (SELECT 1 FROM {_R} j WHERE j.merged_into_id = NEW.id"  # noqa: S608
    " AND NEW.due_at IN (OLD.due_at, j.due_at) AND NEW.severity IN (OLD.severity, j.severity))"
)
guard(
    f"{_R}_promised",
    _R,
    "UPDATE",
    "(OLD.category IS DISTINCT FROM NEW.category OR OLD.due_at IS DISTINCT FROM NEW.due_at OR OLD.severity IS DISTINCT FROM NEW.severity)"
    f" AND NOT ({_JOINED}) AND NOT {_event('recategorise', 'reopen', 'answer_late', 'part_reopened', 'assign')}",
    "promise_kept",
)
# Another category, which one inspector chooses alone, does not put it off.
guard(f"{_R}_not_put_off", _R, "UPDATE", f"NEW.due_at > OLD.due_at AND {_event('recategorise')}", "promise_later")
# The closer never judges the closing: after a "not solved" another inspector is drawn, who closed neither the report nor, where it was
# divided, one of its parts or what that was joined with. The same holds for its parts, and for what one of these was joined with; the
# portal also looks at joins through another report.
guard(
    f"{_R}_another",
    _R,
    "UPDATE",
    "NEW.state = 'assigned' AND (OLD.inspector_id IS DISTINCT FROM NEW.inspector_id OR OLD.state = 'received') AND EXISTS"
    " (SELECT 1 FROM reports_solvedanswer s JOIN reports_closure j ON j.id = s.closure_id JOIN reports_closure c ON c.closed_at <= s.at"
    " JOIN reports_report r ON r.id = j.report_id"
    " WHERE NOT s.is_solved AND (r.id IN (NEW.id, NEW.parent_id) OR r.merged_into_id IN (NEW.id, NEW.parent_id))"
    " AND c.sent_back_at IS NULL AND c.closed_by_id = NEW.inspector_id"
    " AND (c.id = j.id OR EXISTS (SELECT 1 FROM reports_report p WHERE p.parent_id = j.report_id"
    " AND c.report_id IN (p.id, p.merged_into_id))))",
    "same_inspector",
)
# Nor does who has a conflict of interest with the shop, its owner, organisation or manager, also where the entry was merged into another.
_SHOPS = "(NEW.shop_id, (SELECT m.merged_into_id FROM shops_shop m WHERE m.id = NEW.shop_id))"
guard(
    f"{_R}_not_tied",
    _R,
    "UPDATE",
    "NEW.inspector_id IS NOT NULL AND OLD.inspector_id IS DISTINCT FROM NEW.inspector_id AND EXISTS (SELECT 1 FROM"  # noqa: S608 - constants
    " review_conflictofinterest c WHERE c.officer_id = NEW.inspector_id AND c.ended_at IS NULL AND c.party_key IN"
    f" (SELECT 'shop:' || s.public_id FROM shops_shop s WHERE s.id IN {_SHOPS}"
    f" UNION ALL SELECT 'person:' || u.public_id FROM shops_shop s JOIN accounts_user u ON u.id = s.owner_id WHERE s.id IN {_SHOPS}"
    " UNION ALL SELECT 'organisation:' || o.public_id FROM shops_shop s JOIN accounts_organisation o ON o.id = s.organisation_id"
    f" WHERE s.id IN {_SHOPS}"
    " UNION ALL SELECT 'person:' || u.public_id FROM shops_shop s JOIN accounts_user u ON u.civil_id_digest = s.manager_civil_id_digest"
    f" WHERE s.id IN {_SHOPS}))",
    "conflict_of_interest",
)
# Only a report that is divided has parts, and a part is not divided.
guard(
    f"{_R}_part_of_divided",
    _R,
    "INSERT",
    "NEW.parent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM reports_report p WHERE p.id = NEW.parent_id"
    " AND p.state = 'split' AND p.parent_id IS NULL)",
    "not_divided",
)
_CLOSURE = "reports_closure c WHERE c.report_id = NEW.subject_id AND c.sent_back_at IS NULL"
_LATEST = f"SELECT 1 FROM {_CLOSURE} AND c.id = (SELECT MAX(c.id) FROM {_CLOSURE})"  # noqa: S608 - constants
# Closed with a photo from the spot, or with a second signature.
guard(
    f"{_E}_proved",
    _E,
    "INSERT",
    f"NEW.move = 'close' AND NEW.from_state = 'assigned' AND NEW.to_state = 'closed' AND NOT EXISTS ({_LATEST} AND c.is_on_the_spot)",
    "no_proof",
)
guard(
    f"{_E}_signed",
    _E,
    "INSERT",
    "NEW.move = 'countersign' AND NEW.from_state = 'countersign' AND NEW.to_state = 'closed'"
    f" AND NOT EXISTS ({_LATEST} AND c.signed_by_id IS NOT NULL)",
    "not_signed",
)
# A report that was divided closes last, after its parts and the reports that those were joined with.
guard(
    f"{_E}_parts_first",
    _E,
    "INSERT",
    "NEW.move = 'complete' AND NEW.from_state = 'split' AND NEW.to_state = 'closed' AND (EXISTS (SELECT 1 FROM reports_report p"
    " LEFT JOIN reports_report t ON t.id = p.merged_into_id WHERE p.parent_id = NEW.subject_id"
    " AND COALESCE(t.state, p.state) NOT IN ('closed', 'merged'))"
    " OR NOT EXISTS (SELECT 1 FROM reports_report p WHERE p.parent_id = NEW.subject_id))",
    "parts_open",
)
# Handed over to a body with a day after which it comes back.
guard(
    f"{_E}_handed_over",
    _E,
    "INSERT",
    "NEW.move = 'hand_over' AND NEW.from_state = 'assigned' AND NEW.to_state = 'handed_over' AND NOT EXISTS"
    " (SELECT 1 FROM reports_handover h WHERE h.report_id = NEW.subject_id AND h.returned_at IS NULL)",
    "no_body",
)
guard(
    "reports_handover_later",
    "reports_handover",
    "INSERT",
    "NEW.back_on <= DATE(NEW.made_at)",
    "not_later",
)
# A question is asked with its text and last day.
guard(
    f"{_E}_asked",
    _E,
    "INSERT",
    "NEW.move = 'ask' AND NEW.from_state = 'assigned' AND NEW.to_state = 'asked' AND NOT EXISTS (SELECT 1 FROM reports_question q"
    " WHERE q.report_id = NEW.subject_id AND q.answered_at IS NULL AND q.ended_at IS NULL)",
    "no_question",
)
# Nor is anybody asked whom no message reaches: whoever has a link alone would not learn of the question.
guard(
    f"{_E}_asked_of_somebody",
    _E,
    "INSERT",
    "NEW.move = 'ask' AND NEW.from_state = 'assigned' AND NEW.to_state = 'asked' AND NOT EXISTS (SELECT 1 FROM reports_reporter p"
    " JOIN reports_report r ON r.id = p.report_id WHERE p.report_id = NEW.subject_id"
    " AND (p.person_id IS NOT NULL OR (p.phone_cipher <> '' AND r.api_key_id IS NULL)))",
    "not_reachable",
)
# Nothing joins a report that is itself joined with another.
_ENDS = "EXISTS (SELECT 1 FROM reports_report r WHERE r.id = NEW.merged_into_id AND r.state = 'merged')"
guard(f"{_R}_joined", _R, "UPDATE", f"NEW.merged_into_id IS NOT NULL AND OLD.merged_into_id IS NULL AND {_ENDS}", "joined_with_joined")
_OVER = (
    "EXISTS (SELECT 1 FROM reports_report r WHERE r.id = NEW.merged_into_id"
    " AND (r.state IN ('closed', 'split') OR r.parent_id = NEW.id OR r.id = NEW.parent_id))"
)
guard(f"{_R}_joined_open", _R, "UPDATE", f"NEW.merged_into_id IS NOT NULL AND OLD.merged_into_id IS NULL AND {_OVER}", "joined_with_closed")
# Only reports of one problem are joined, and one that names a shop with one that names it too, so that none leaves the page of its shop.
# The rulebook sets how near (`similar_metres`): so many metres at most, within the degrees.
SIMILAR_DEGREES, FARTHEST_SIMILAR = 0.005, 480


def _kept(shop: str) -> str:
    """SQL: the shop, or the one into which its entry was merged."""
    return f"(SELECT COALESCE(k.merged_into_id, k.id) FROM shops_shop k WHERE k.id = {shop})"  # noqa: S608 - constants


_SAME = (
    "EXISTS (SELECT 1 FROM reports_report r WHERE r.id = NEW.merged_into_id AND r.category = NEW.category"  # noqa: S608 - constants
    f" AND (NEW.shop_id IS NULL OR {_kept('r.shop_id')} = {_kept('NEW.shop_id')})"
    f" AND ({_kept('r.shop_id')} = {_kept('NEW.shop_id')} OR r.board_id = NEW.board_id"
    f" OR (ABS(r.latitude - NEW.latitude) <= {SIMILAR_DEGREES} AND ABS(r.longitude - NEW.longitude) <= {SIMILAR_DEGREES})))"
)
guard(
    f"{_R}_joined_same",
    _R,
    "UPDATE",
    f"NEW.merged_into_id IS NOT NULL AND OLD.merged_into_id IS NULL AND NOT {_SAME}",
    "another_problem",
)
# What a report led to would be seen no more on the one that goes on, and done a second time.
guard(
    f"{_R}_joined_led_to",
    _R,
    "UPDATE",
    "NEW.merged_into_id IS NOT NULL AND OLD.merged_into_id IS NULL"
    " AND EXISTS (SELECT 1 FROM reports_consequence c WHERE c.report_id = NEW.id)",
    "led_to",
)
frozen(_R, ["merged_into_id"], once="OLD.merged_into_id IS NOT NULL", name="joined_once")

_C = "reports_closure"
never_deleted(_C)
_WRITTEN = [
    "report_id",
    "code",
    "text_ar",
    "text_en",
    "photo_id",
    "distance_m",
    "age_minutes",
    "is_on_the_spot",
    "closed_by_id",
    "closed_at",
]
frozen(_C, _WRITTEN)
frozen(_C, ["signed_by_id", "signed_at"], once="OLD.signed_by_id IS NOT NULL", name="signed_once")
# Nor is a result taken back with which a report was closed: who wrote it would get the report again after a "not solved".
frozen(_C, ["sent_back_at"], once="OLD.is_on_the_spot OR OLD.signed_by_id IS NOT NULL OR OLD.sent_back_at IS NOT NULL", name="stands")
# A supervisor of the branch of the report signs, or of another one that was drawn after the result was written, since each supervisor of
# the branch that was to sign wrote it or has a conflict of interest. With whom, the portal computes; a report without a shop ties nobody.
_ITS_BRANCH = "COALESCE(r.branch_id, (SELECT i.branch_id FROM accounts_user i WHERE i.id = r.inspector_id))"
_SIGNED_ELSEWHERE = (
    "NEW.signed_by_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM accounts_user u"  # noqa: S608 - constants
    " JOIN reports_report r ON r.id = NEW.report_id"
    f" WHERE u.id = NEW.signed_by_id AND u.branch_id = COALESCE(NEW.signing_branch_id, {_ITS_BRANCH}))"
)
guard(f"{_C}_signed_in", _C, "UPDATE", f"OLD.signed_by_id IS NULL AND {_SIGNED_ELSEWHERE}", "other_branch")
guard(f"{_C}_begins_signed_in", _C, "INSERT", _SIGNED_ELSEWHERE, "other_branch")
guard(f"{_C}_begins_own", _C, "INSERT", "NEW.signing_branch_id IS NOT NULL", "not_another_branch")
guard(
    f"{_C}_another_branch",
    _C,
    "UPDATE",
    "OLD.signing_branch_id IS DISTINCT FROM NEW.signing_branch_id AND (NEW.signing_branch_id IS NULL OR OLD.signed_by_id IS NOT NULL"  # noqa: S608 - constants
    " OR OLD.sent_back_at IS NOT NULL OR EXISTS (SELECT 1 FROM reports_report r WHERE r.id = NEW.report_id"
    f" AND NEW.signing_branch_id = {_ITS_BRANCH})"
    " OR EXISTS (SELECT 1 FROM reports_report r JOIN accounts_user u"
    f" ON u.branch_id = COALESCE(OLD.signing_branch_id, {_ITS_BRANCH}) JOIN accounts_user_groups m ON m.user_id = u.id"
    " JOIN auth_group g ON g.id = m.group_id WHERE r.id = NEW.report_id AND g.name = 'supervisor' AND u.is_active AND u.is_staff"
    " AND u.id <> NEW.closed_by_id AND (r.shop_id IS NULL OR NOT EXISTS"
    " (SELECT 1 FROM review_conflictofinterest c WHERE c.officer_id = u.id AND c.ended_at IS NULL))))",
    "not_another_branch",
)
guard(
    f"{_C}_by_drawn",
    _C,
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM reports_report r WHERE r.id = NEW.report_id AND r.inspector_id = NEW.closed_by_id)",
    "other_inspector",
)
# What a result says was done at the place was done and stands: a warning, or a violation report, written from this report.
_MEASURE = (
    "SELECT 1 FROM reports_consequence c JOIN violations_violation v ON v.id = c.violation_id"
    " WHERE c.report_id = NEW.report_id AND v.state NOT IN ('annulled', 'acquitted') AND"
)
guard(
    f"{_C}_measure",
    _C,
    "INSERT",
    f"(NEW.code = 'warned' AND NOT EXISTS ({_MEASURE} v.warning_number IS NOT NULL))"
    f" OR (NEW.code = 'violation' AND NOT EXISTS ({_MEASURE} v.number IS NOT NULL))",
    "no_measure",
)
guard(
    f"{_C}_photo_of_report",
    _C,
    "INSERT",
    "NEW.photo_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM reports_reportphoto p WHERE p.id = NEW.photo_id"
    " AND p.report_id = NEW.report_id AND p.kind = 'after')",
    "photo_of_another",
)
for _table in ("reports_solvedanswer", "reports_consequence", "reports_outsideupdate", "reports_metoo"):
    insert_only(_table)
for _table in ("reports_question", "reports_handover", "reports_reportphoto", "reports_moderation", "reports_ban", "reports_apikey"):
    never_deleted(_table)
frozen("reports_question", ["report_id", "text", "asked_by_id", "asked_at", "due_on"])
frozen("reports_question", ["answer", "answered_at"], once="OLD.answered_at IS NOT NULL", name="answered_once")
frozen("reports_handover", ["report_id", "body", "name_ar", "name_en", "contact", "back_on", "made_by_id", "made_at"])
frozen(
    "reports_reportphoto", ["public_id", "report_id", "kind", "upload_id", "sha256", "captured_at", "received_at", "latitude", "longitude"]
)
# Nobody but an employee shows a photo of which the machine was not sure.
guard(
    "reports_reportphoto_agreed",
    "reports_reportphoto",
    "UPDATE",
    "NEW.blur = 'clear' AND OLD.blur IN ('unsure', 'staff', 'private')",
    "not_agreed",
)
# Nor does a copy that no machine searched count as searched later, such as after a detector was installed.
guard(
    "reports_reportphoto_searched",
    "reports_reportphoto",
    "UPDATE",
    "NEW.is_searched AND NOT OLD.is_searched AND OLD.blur <> 'waiting'",
    "not_searched",
)
frozen("reports_moderation", ["report_id", "part", "photo_id", "code", "by_id", "at"])
frozen("reports_ban", ["who", "code", "report_id", "by_id", "at", "until"])
frozen("reports_apikey", ["digest"])
# What a report led to is of its shop, or of the one into which its entry was merged, and did not come before it.
_ITS_SHOP = "(r.shop_id, (SELECT s.merged_into_id FROM shops_shop s WHERE s.id = r.shop_id))"
guard(
    "reports_consequence_after",
    "reports_consequence",
    "INSERT",
    "NEW.violation_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM violations_violation v JOIN reports_report r ON r.id = NEW.report_id"  # noqa: S608 - constants
    " WHERE v.id = NEW.violation_id AND v.received_at >= r.received_at"
    f" AND (r.shop_id IS NULL OR v.shop_id IN {_ITS_SHOP}))",
    "other_violation",
)
guard(
    "reports_consequence_inspection",
    "reports_consequence",
    "INSERT",
    "NEW.inspection_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM licensing_inspection i JOIN reports_report r ON r.id = NEW.report_id"  # noqa: S608 - constants
    f" WHERE i.id = NEW.inspection_id AND i.ordered_at >= r.received_at AND i.shop_id IN {_ITS_SHOP})",
    "other_inspection",
)

# Who reported does not change, and is forgotten only after the report is closed.
_P = "reports_reporter"
guard(f"{_P}_no_update", _P, "UPDATE", "1=1", "insert_only")
guard(
    f"{_P}_kept",
    _P,
    "DELETE",
    f"EXISTS (SELECT 1 FROM {_R} r WHERE r.id = OLD.report_id AND r.state NOT IN ('closed', 'merged'))",  # noqa: S608 - constants
    "report_open",
)
# Hidden for a reason that stands, its own or of the report that it is part of; shown while none does.
_STANDS = "SELECT 1 FROM reports_moderation m WHERE m.lifted_at IS NULL AND m.part ="
guard(
    f"{_R}_hidden",
    _R,
    "UPDATE",
    "OLD.hidden_at IS DISTINCT FROM NEW.hidden_at AND (NEW.hidden_at IS NULL) = "
    f"(EXISTS ({_STANDS} 'report' AND m.report_id IN (NEW.id, NEW.parent_id)))",
    "no_reason",
)
# The words of a part are a note of the inspector for the file.
guard(
    f"{_R}_words_shown",
    _R,
    "UPDATE",
    "OLD.words_shown_at IS NULL AND NEW.words_shown_at IS NOT NULL"
    f" AND (NEW.parent_id IS NOT NULL OR EXISTS ({_STANDS} 'words' AND m.report_id = NEW.id))",
    "words_hidden",
)
# Nothing is decided of a photo while it is hidden for a reason: it would be undone when that reason is lifted.
guard(
    "reports_reportphoto_hidden",
    "reports_reportphoto",
    "UPDATE",
    "NEW.blur IN ('agreed', 'staff', 'clear') AND OLD.blur <> NEW.blur"
    " AND EXISTS (SELECT 1 FROM reports_moderation m WHERE m.photo_id = NEW.id AND m.lifted_at IS NULL)",
    "photo_hidden",
)
frozen("reports_moderation", ["lifted_by_id", "lifted_at"], once="OLD.lifted_at IS NOT NULL", name="lifted_once")
guard(
    "reports_moderation_own_photo",
    "reports_moderation",
    "INSERT",
    "NEW.photo_id IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM reports_reportphoto p WHERE p.id = NEW.photo_id AND p.report_id = NEW.report_id)",
    "photo_of_another",
)
# An appeal is sent once, and answered once; nothing is lifted without one.
frozen("reports_ban", ["appeal", "appealed_at"], once="OLD.appealed_at IS NOT NULL", name="appealed_once")
frozen("reports_ban", ["decided_by_id", "decided_at", "lifted_at"], once="OLD.decided_at IS NOT NULL", name="decided_once")
guard(
    "reports_ban_decided",
    "reports_ban",
    "UPDATE",
    "(NEW.decided_at IS NOT NULL AND NEW.appealed_at IS NULL) OR (NEW.lifted_at IS NOT NULL AND NEW.decided_by_id IS NULL)",
    "no_appeal",
)
