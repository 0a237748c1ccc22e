"""What the database refuses of boards: other facts or amounts than were sent, boards without their rule check, a licence without days."""

from municipality.kernel.guards import frozen, guard, never_deleted

never_deleted("licensing_boardrequest")
_SENT = ["case_id", "shop_id", "lane", "fee_fils", "deposit_fils", "edition", "files_key", "rules_id", "checked_on"]
frozen("licensing_boardrequest", _SENT)
frozen("licensing_boardrequest", ["document_id"], once="OLD.document_id IS NOT NULL", name="document_once")
never_deleted("licensing_board")
_NAMED = ["public_id", "request_id", "line", "previous_id", "months_left", "returned_fils"]
_ASKED = ["board_class", "medium", "width_cm", "height_cm", "faces", "pieces", "months", "place"]
_STATED = ["is_lit", "projection_cm", "is_standing", "top_cm", "next_cm", "front_cm", "subject", "approval"]
_PRICED = ["period", "rate_fils", "flat_fils", "deposit_percent", "article_ar", "article_en", "revenue_account", "fee_fils", "deposit_fils"]
frozen("licensing_board", [*_NAMED, *_ASKED, *_STATED, *_PRICED])
frozen("licensing_board", ["first_day", "last_day"], once="OLD.first_day IS NOT NULL", name="days_once")
# No board joins a request that was sent.
guard(
    "licensing_board_before_sending",
    "licensing_board",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM licensing_boardrequest r JOIN cases_case c ON c.id = r.case_id"
    " WHERE r.id = NEW.request_id AND c.state = 'draft')",
    "sent_already",
)
never_deleted("licensing_boardcheck")
_WORDS = [f"{name}_{language}" for name in ("measured", "limit", "article") for language in ("ar", "en")]
frozen("licensing_boardcheck", ["board_id", "kind", "outcome", "measured_value", "limit_value", "is_assumption", *_WORDS])
guard(
    "licensing_boardcheck_before_sending",
    "licensing_boardcheck",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM licensing_board b JOIN licensing_boardrequest r ON r.id = b.request_id"
    " JOIN cases_case c ON c.id = r.case_id WHERE b.id = NEW.board_id AND c.state = 'draft')",
    "sent_already",
)
never_deleted("licensing_boarddrawing")
frozen("licensing_boarddrawing", ["board_id", "photo_id", "known", "outline", "known_width_cm", "known_height_cm", "picture_id"])
# A drawing joins a board before it is sent, on a photo that was sent with the same request.
guard(
    "licensing_boarddrawing_before_sending",
    "licensing_boarddrawing",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM licensing_board b JOIN licensing_boardrequest r ON r.id = b.request_id"
    " JOIN cases_case c ON c.id = r.case_id WHERE b.id = NEW.board_id AND c.state = 'draft')",
    "sent_already",
)
guard(
    "licensing_boarddrawing_photo",
    "licensing_boarddrawing",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM licensing_board b JOIN licensing_boardrequest r ON r.id = b.request_id"
    " JOIN uploads_upload u ON u.subject = r.files_key WHERE b.id = NEW.board_id AND u.id = NEW.photo_id"
    " AND u.slot = 'front' AND u.state = 'ready')",
    "other_photo",
)
# The amounts are those of the rate (`fees.fee_of`), with whole numbers only: half a fils is rounded up.
_PERIODS = "(CASE WHEN NEW.period = 'month' THEN NEW.months ELSE NEW.months / 12 END)"
_BY_AREA = f"(2 * NEW.rate_fils * NEW.width_cm * NEW.height_cm * NEW.faces * {_PERIODS} + 10000) / 20000"
WHOLE = f"({_BY_AREA} + NEW.flat_fils * NEW.pieces * {_PERIODS})"  # what a board costs for all of its months
guard(
    "licensing_board_priced",
    "licensing_board",
    "INSERT",
    f"(NEW.months_left IS NULL AND (NEW.fee_fils <> {WHOLE} OR NEW.returned_fils <> 0"
    " OR NEW.deposit_fils <> (CASE WHEN NEW.previous_id IS NULL THEN (2 * NEW.fee_fils * NEW.deposit_percent + 100) / 200 ELSE 0 END)))"
    " OR (NEW.period = 'year' AND NEW.months % 12 <> 0)",
    "other_amount",
)
_EDGE = (  # no edge at all is another guard's
    "NEW.workflow = 'licensing.boards' AND EXISTS (SELECT 1 FROM audit_edge e WHERE e.workflow = NEW.workflow"
    " AND e.move = NEW.move AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"
)
IS_SENT = f"{_EDGE} AND NEW.move IN ('submit', 'send_to_officer')"
# A request is sent with boards, and its sums are theirs.
guard(
    "cases_caseevent_boards_sum",
    "cases_caseevent",
    "INSERT",
    f"{IS_SENT} AND NOT EXISTS (SELECT 1 FROM licensing_boardrequest r WHERE r.case_id = NEW.subject_id"  # noqa: S608 - constants
    " AND r.fee_fils = (SELECT COALESCE(SUM(b.fee_fils), 0) FROM licensing_board b WHERE b.request_id = r.id)"
    " AND r.deposit_fils = (SELECT COALESCE(SUM(b.deposit_fils), 0) FROM licensing_board b WHERE b.request_id = r.id))",
    "other_sum",
)
# A request is sent with a result of each rule that holds for one of its boards, by a published edition, and with none that stops it.
_HOLDS = (
    "l.board_class IN ('', b.board_class) AND l.medium IN ('', b.medium) AND (b.is_standing OR NOT l.is_standing)"
    " AND (l.first_day IS NULL OR l.first_day <= r.checked_on) AND (l.last_day IS NULL OR l.last_day >= r.checked_on)"
)
_UNCHECKED = (
    "EXISTS (SELECT 1 FROM licensing_board b JOIN rulebook_boardlimitrule l ON l.ruleset_id = r.rules_id"  # noqa: S608 - constants
    f" WHERE b.request_id = r.id AND {_HOLDS} AND NOT EXISTS (SELECT 1 FROM licensing_boardcheck k"
    " WHERE k.board_id = b.id AND k.kind = l.kind AND k.is_assumption = l.is_assumption))"
)
_STOPPED = (
    "EXISTS (SELECT 1 FROM licensing_board b JOIN licensing_boardcheck k ON k.board_id = b.id"
    " WHERE b.request_id = r.id AND k.outcome = 'fails' AND NOT k.is_assumption)"
)
_IN_FORCE = (
    "EXISTS (SELECT 1 FROM rulebook_ruleset s WHERE s.id = r.rules_id AND s.subject = 'rules.boards' AND s.published_at IS NOT NULL"
    " AND s.withdrawn_on IS NULL AND s.first_day <= r.checked_on AND (s.last_day IS NULL OR s.last_day >= r.checked_on))"
)
guard(
    "cases_caseevent_boards_checked",
    "cases_caseevent",
    "INSERT",
    f"{IS_SENT} AND EXISTS (SELECT 1 FROM licensing_boardrequest r WHERE r.case_id = NEW.subject_id"  # noqa: S608 - constants
    f" AND (NOT {_IN_FORCE} OR {_UNCHECKED} OR {_STOPPED}))",
    "not_checked",
)
# A board renews a licensed one of the same shop, and only once, unless the renewal came to nothing.
_ENDED = "('refused', 'expired', 'withdrawn', 'unpaid')"
guard(
    "licensing_board_renews_licensed",
    "licensing_board",
    "INSERT",
    "NEW.previous_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM licensing_board p JOIN licensing_boardrequest o ON o.id = p.request_id"
    " JOIN licensing_boardrequest r ON r.shop_id = o.shop_id WHERE p.id = NEW.previous_id AND p.first_day IS NOT NULL"
    " AND r.id = NEW.request_id AND NOT EXISTS (SELECT 1 FROM licensing_boardend e WHERE e.board_id = p.id))",
    "not_licensed",
)
guard(
    "licensing_board_renewed_once",
    "licensing_board",
    "INSERT",
    "NEW.previous_id IS NOT NULL AND EXISTS (SELECT 1 FROM licensing_board b JOIN licensing_boardrequest r ON r.id = b.request_id"  # noqa: S608 - constants
    f" JOIN cases_case c ON c.id = r.case_id WHERE b.previous_id = NEW.previous_id AND c.state NOT IN {_ENDED})",
    "renewed_already",
    one_by_one="NEW.previous_id IS NOT NULL",
)
# Nor does a refused renewal go on after an appeal beside another one; of two at once, a shop has one open request.
guard(
    "cases_caseevent_boards_reopened",
    "cases_caseevent",
    "INSERT",
    f"{_EDGE} AND NEW.move = 'allow_appeal' AND EXISTS (SELECT 1 FROM licensing_boardrequest r"  # noqa: S608 - constants
    " JOIN licensing_board b ON b.request_id = r.id JOIN licensing_board o ON o.previous_id = b.previous_id"
    " JOIN licensing_boardrequest q ON q.id = o.request_id JOIN cases_case c ON c.id = q.case_id"
    f" WHERE r.case_id = NEW.subject_id AND c.id <> NEW.subject_id AND c.state NOT IN {_ENDED})",
    "renewed_already",
)
# No officer decides about boards that are renewed as they are, where the rules leave nothing open that an officer has not judged before.
# Nor about a change to what is smaller, or the same, in all that the rules measure, and for which nothing of a deposit goes back.
_SIZES = ["width_cm", "height_cm", "faces", "pieces"]
_DIFFERS = {name: f"b.{name} IS DISTINCT FROM p.{name}" for name in [*_ASKED, *_STATED]}
_GREW = _DIFFERS | {
    **{name: f"b.{name} > p.{name}" for name in _SIZES},
    **{name: f"COALESCE(b.{name} > p.{name}, b.{name} IS DISTINCT FROM p.{name})" for name in ("top_cm", "projection_cm")},
    "next_cm": "COALESCE(b.next_cm < p.next_cm, b.next_cm IS DISTINCT FROM p.next_cm)",
}
_CHANGED = (
    f"(b.months_left IS NULL AND ({' OR '.join(_DIFFERS.values())})) OR (b.months_left IS NOT NULL"
    f" AND (b.returned_fils > 0 OR {' OR '.join(_GREW.values())}))"
)
_OTHER = (
    "EXISTS (SELECT 1 FROM licensing_board b LEFT JOIN licensing_board p ON p.id = b.previous_id"  # noqa: S608 - constants
    f" WHERE b.request_id = r.id AND (p.id IS NULL OR {_CHANGED}))"
)
_LEFT_OPEN = (
    "EXISTS (SELECT 1 FROM licensing_board b JOIN licensing_boardcheck k ON k.board_id = b.id WHERE b.request_id = r.id"
    " AND k.outcome <> 'passes' AND NOT k.is_assumption AND NOT EXISTS (SELECT 1 FROM licensing_boardcheck q"
    " WHERE q.board_id = b.previous_id AND q.kind = k.kind AND q.outcome = k.outcome AND NOT q.is_assumption))"
)
guard(
    "cases_caseevent_boards_clean",
    "cases_caseevent",
    "INSERT",
    f"{IS_SENT} AND EXISTS (SELECT 1 FROM licensing_boardrequest r WHERE r.case_id = NEW.subject_id"  # noqa: S608 - constants
    f" AND ((r.lane = 'clean') <> (NEW.move = 'submit') OR (NEW.move = 'submit' AND ({_OTHER} OR {_LEFT_OPEN}))))",
    "needs_officer",
)
# A licence is issued with its document, and each board has its days.
guard(
    "cases_caseevent_boards_issued",
    "cases_caseevent",
    "INSERT",
    f"{_EDGE} AND NEW.move = 'issue' AND NOT EXISTS (SELECT 1 FROM licensing_boardrequest r WHERE r.case_id = NEW.subject_id"  # noqa: S608 - constants
    " AND r.document_id IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM licensing_board b WHERE b.request_id = r.id AND b.first_day IS NULL))",
    "no_days",
)
