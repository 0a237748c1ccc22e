"""What the database refuses of ended boards: an end that is taken back, a photo of something else, a deposit of a board that stands."""

from municipality.kernel.guards import frozen, guard, never_deleted

never_deleted("licensing_boardend")
frozen("licensing_boardend", ["board_id", "reason", "day", "by_id", "at"])
frozen("licensing_boardend", ["photo_id", "stands_as_id"], once="OLD.photo_id IS NOT NULL", name="photo_once")
guard(
    "licensing_boardend_of_licensed",
    "licensing_boardend",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM licensing_board b WHERE b.id = NEW.board_id AND b.first_day <= NEW.day)",
    "not_licensed",
)
# A board that was renewed ends after the one that renews it: what stands there is the newest.
guard(
    "licensing_boardend_of_newest",
    "licensing_boardend",
    "INSERT",
    "NEW.reason <> 'changed' AND EXISTS (SELECT 1 FROM licensing_board n WHERE n.previous_id = NEW.board_id AND n.first_day IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM licensing_boardend e WHERE e.board_id = n.id))",
    "renewed",
)
# The photo of a board is also that of those that it renewed. One that stands licensed again is on its photo.
for _event in ("INSERT", "UPDATE"):
    guard(
        f"licensing_boardend_photo_{_event.lower()}",
        "licensing_boardend",
        _event,
        "NEW.photo_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM uploads_upload u"
        " JOIN licensing_board b ON u.subject = 'board:' || b.public_id"
        " WHERE u.id = NEW.photo_id AND b.id = NEW.board_id AND u.state = 'ready'"
        " AND u.slot = CASE WHEN NEW.stands_as_id IS NULL THEN 'after' ELSE 'again' END)"
        " AND NOT EXISTS (SELECT 1 FROM licensing_board n JOIN licensing_boardend e ON e.board_id = n.id"
        " WHERE n.previous_id = NEW.board_id AND e.photo_id = NEW.photo_id)",
        "other_photo",
    )
    # It stands as a board of the same shop that was licensed since and has not ended, as a photo shows.
    guard(
        f"licensing_boardend_stands_as_{_event.lower()}",
        "licensing_boardend",
        _event,
        "NEW.stands_as_id IS NOT NULL AND (NEW.photo_id IS NULL OR NOT EXISTS (SELECT 1 FROM licensing_board b"
        " JOIN licensing_boardrequest r ON r.id = b.request_id JOIN licensing_boardrequest q ON q.shop_id = r.shop_id"
        " JOIN licensing_board n ON n.request_id = q.id WHERE b.id = NEW.board_id AND n.id = NEW.stands_as_id"
        " AND n.first_day >= NEW.day AND n.request_id <> b.request_id"
        " AND NOT EXISTS (SELECT 1 FROM licensing_board p WHERE p.id = n.previous_id AND p.first_day < NEW.day)"
        " AND NOT EXISTS (SELECT 1 FROM licensing_boardend o JOIN licensing_board s ON s.id = o.board_id"
        " WHERE o.stands_as_id = n.id AND s.request_id = b.request_id AND s.id <> b.id)"
        " AND NOT EXISTS (SELECT 1 FROM licensing_boardend e WHERE e.board_id = n.id)))",
        "not_licensed_again",
    )
# The deposit of a board goes back only after its end with a photo of the place. Payments refuse a second return and another amount.
guard(
    "payments_refunddue_board_ended",
    "payments_refunddue",
    "INSERT",
    "NEW.reason <> 'board_changed' AND EXISTS (SELECT 1 FROM payments_billline l JOIN payments_bill p ON p.id = l.bill_id"
    " WHERE l.id = NEW.line_id AND p.kind = 'licensing.boards')"
    " AND NOT EXISTS (SELECT 1 FROM payments_billline l JOIN payments_bill p ON p.id = l.bill_id"
    " JOIN cases_case c ON p.subject = 'case:' || c.public_id JOIN licensing_boardrequest r ON r.case_id = c.id"
    " JOIN licensing_board b ON b.request_id = r.id AND l.code = 'boards.deposit_' || b.line"
    " JOIN licensing_boardend e ON e.board_id = b.id WHERE l.id = NEW.line_id AND e.photo_id IS NOT NULL)",
    "board_stands",
)
