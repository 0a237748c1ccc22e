"""What the database refuses of changed boards: another period, other amounts, an end or a deposit without a licensed change."""

from licensing.signage.guards import WHOLE
from municipality.kernel.guards import frozen, guard

# Until the same last day, for the same months of which some are left.
guard(
    "licensing_board_change_of",
    "licensing_board",
    "INSERT",
    "NEW.months_left IS NOT NULL AND NOT EXISTS (SELECT 1 FROM licensing_board p WHERE p.id = NEW.previous_id"
    " AND p.months = NEW.months AND NEW.months_left BETWEEN 1 AND NEW.months)",
    "other_period",
)
# The amounts of `fees.change_fee`: of what is larger, for the months that are left; and the difference of the deposits.
_EARLIER = WHOLE.replace("NEW.", "p.")
_DEPOSIT = f"((2 * {WHOLE} * NEW.deposit_percent + 100) / 200)"
_EARLIER_DEPOSIT = f"((2 * {_EARLIER} * p.deposit_percent + 100) / 200)"


def _above_zero(value: str) -> str:
    return f"(CASE WHEN {value} > 0 THEN {value} ELSE 0 END)"


_FEE = f"(2 * {_above_zero(f'{WHOLE} - {_EARLIER}')} * NEW.months_left + NEW.months) / (2 * NEW.months)"
guard(
    "licensing_board_change_priced",
    "licensing_board",
    "INSERT",
    "NEW.months_left IS NOT NULL AND EXISTS (SELECT 1 FROM licensing_board p WHERE p.id = NEW.previous_id"  # noqa: S608 - constants
    f" AND (NEW.fee_fils <> {_FEE} OR NEW.deposit_fils <> {_above_zero(f'{_DEPOSIT} - {_EARLIER_DEPOSIT}')}"
    f" OR NEW.returned_fils > {_above_zero(f'{_EARLIER_DEPOSIT} - {_DEPOSIT}')}))",
    "other_amount",
)
# A board is called changed once, and only if, the one in its place is licensed.
guard(
    "licensing_boardend_changed",
    "licensing_boardend",
    "INSERT",
    "NEW.reason = 'changed' AND NOT EXISTS (SELECT 1 FROM licensing_board n WHERE n.previous_id = NEW.board_id"
    " AND n.months_left IS NOT NULL AND n.first_day = NEW.day)",
    "not_changed",
)
# Of the deposits of a shop no more goes back for changes than its licensed changes say, of those that are smaller on a photo.
_OF_SHOP = (
    "SELECT r.shop_id FROM payments_billline l JOIN payments_bill p ON p.id = l.bill_id JOIN cases_case c"
    " ON p.subject = 'case:' || c.public_id JOIN licensing_boardrequest r ON r.case_id = c.id WHERE l.id = {line}"
)
guard(
    "payments_refunddue_board_changed",
    "payments_refunddue",
    "INSERT",
    "NEW.reason = 'board_changed' AND NEW.fils + (SELECT COALESCE(SUM(d.fils), 0) FROM payments_refunddue d"  # noqa: S608 - constants
    " WHERE d.reason = 'board_changed' AND d.state <> 'released'"
    f" AND ({_OF_SHOP.format(line='d.line_id')}) = ({_OF_SHOP.format(line='NEW.line_id')}))"
    " > (SELECT COALESCE(SUM(b.returned_fils), 0) FROM licensing_board b JOIN licensing_boardrequest q ON q.id = b.request_id"
    f" WHERE b.first_day IS NOT NULL AND b.smaller_photo_id IS NOT NULL AND q.shop_id = ({_OF_SHOP.format(line='NEW.line_id')}))",
    "not_changed",
    one_by_one="NEW.reason = 'board_changed'",
)
# That photo is of the licensed board itself, or of the one that was licensed in its place.
for _event in ("INSERT", "UPDATE"):
    guard(
        f"licensing_board_smaller_photo_{_event.lower()}",
        "licensing_board",
        _event,
        "NEW.smaller_photo_id IS NOT NULL AND (NEW.first_day IS NULL OR NOT EXISTS (SELECT 1 FROM uploads_upload u"
        " WHERE u.id = NEW.smaller_photo_id AND u.subject = 'board:' || NEW.public_id AND u.slot = 'smaller' AND u.state = 'ready')"
        " AND NOT EXISTS (SELECT 1 FROM licensing_board n WHERE n.previous_id = NEW.id AND n.smaller_photo_id = NEW.smaller_photo_id))",
        "other_photo",
    )
frozen("licensing_board", ["smaller_photo_id"], once="OLD.smaller_photo_id IS NOT NULL", name="smaller_photo_once")
# Nothing goes on without a payment but what costs nothing.
guard(
    "cases_caseevent_boards_free",
    "cases_caseevent",
    "INSERT",
    "NEW.workflow = 'licensing.boards' AND NEW.move = 'free' AND NEW.from_state = 'awaiting_payment' AND NEW.to_state = 'paid'"
    " AND NOT EXISTS (SELECT 1 FROM licensing_boardrequest r WHERE r.case_id = NEW.subject_id AND r.fee_fils + r.deposit_fils = 0)",
    "not_paid",
)
# A change is issued with the end of the board before it.
guard(
    "cases_caseevent_boards_replaced",
    "cases_caseevent",
    "INSERT",
    "NEW.workflow = 'licensing.boards' AND NEW.move = 'issue' AND NEW.from_state = 'paid' AND NEW.to_state = 'issued'"
    " AND EXISTS (SELECT 1 FROM licensing_board b JOIN licensing_boardrequest r ON r.id = b.request_id WHERE r.case_id = NEW.subject_id"
    " AND b.months_left IS NOT NULL AND NOT EXISTS (SELECT 1 FROM licensing_boardend e WHERE e.board_id = b.previous_id))",
    "two_boards",
)
