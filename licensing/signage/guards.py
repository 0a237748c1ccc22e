"""What the database refuses of boards: other facts or amounts than were sent, and a licence without days."""

from municipality.kernel.guards import frozen, guard, never_deleted

never_deleted("licensing_boardrequest")
frozen("licensing_boardrequest", ["case_id", "shop_id", "fee_fils", "deposit_fils", "edition", "files_key"])
frozen("licensing_boardrequest", ["document_id"], once="OLD.document_id IS NOT NULL", name="document_once")
never_deleted("licensing_board")
_ASKED = ["public_id", "request_id", "line", "board_class", "medium", "width_cm", "height_cm", "faces", "pieces", "months", "place"]
_PRICED = ["period", "rate_fils", "flat_fils", "deposit_percent", "article_ar", "article_en", "revenue_account", "fee_fils", "deposit_fils"]
frozen("licensing_board", [*_ASKED, *_PRICED])
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
# The amounts are those of the rate (`fees.fee_of`), with whole numbers only: half a fils is rounded up.
_PERIODS = "(CASE WHEN NEW.period = 'month' THEN NEW.months ELSE NEW.months / 12 END)"
_BY_AREA = f"(2 * NEW.rate_fils * NEW.width_cm * NEW.height_cm * NEW.faces * {_PERIODS} + 10000) / 20000"
guard(
    "licensing_board_priced",
    "licensing_board",
    "INSERT",
    f"NEW.fee_fils <> {_BY_AREA} + NEW.flat_fils * NEW.pieces * {_PERIODS}"
    " OR NEW.deposit_fils <> (2 * NEW.fee_fils * NEW.deposit_percent + 100) / 200"
    " OR (NEW.period = 'year' AND NEW.months % 12 <> 0)",
    "other_amount",
)
_EDGE = (  # no edge at all is another guard's
    "NEW.workflow = 'licensing.boards' AND EXISTS (SELECT 1 FROM audit_edge e WHERE e.workflow = NEW.workflow"
    " AND e.move = NEW.move AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"
)
# A request is sent with boards, and its sums are theirs.
guard(
    "cases_caseevent_boards_sum",
    "cases_caseevent",
    "INSERT",
    f"{_EDGE} AND NEW.move = 'send_to_officer' AND NOT EXISTS (SELECT 1 FROM licensing_boardrequest r WHERE r.case_id = NEW.subject_id"  # noqa: S608 - constants
    " AND r.fee_fils = (SELECT COALESCE(SUM(b.fee_fils), 0) FROM licensing_board b WHERE b.request_id = r.id)"
    " AND r.deposit_fils = (SELECT COALESCE(SUM(b.deposit_fils), 0) FROM licensing_board b WHERE b.request_id = r.id))",
    "other_sum",
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
