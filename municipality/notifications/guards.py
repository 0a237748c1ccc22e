"""Guards of messages and letters: what was sent does not change, but for a letter that came back."""

from municipality.kernel.guards import frozen, never_deleted

_MESSAGE = "notifications_message"
frozen(
    _MESSAGE,
    [
        *("public_id", "person_id", "kind", "key", "subject_key", "path", "created_at"),
        *("title_ar", "title_en", "body_ar", "body_en", "short_ar", "short_en"),
    ],
)
never_deleted(_MESSAGE)
frozen("notifications_delivery", ["message_id", "channel", "idempotency_key"])
frozen("notifications_delivery", ["state", "provider_id", "sent_at", "went_to"], once="OLD.state = 'sent'", name="sent_once")
never_deleted("notifications_delivery")
frozen("notifications_notreached", ["message_id", "cause", "since"])
frozen("notifications_notreached", ["called_at", "called_by_id", "outcome"], once="OLD.called_at IS NOT NULL", name="called_once")
never_deleted("notifications_notreached")
frozen(
    "notifications_letter",
    [
        *("public_id", "kind", "key", "subject_key", "reference", "code", "name_ar", "name_en", "created_at"),
        *("title_ar", "title_en", "body_ar", "body_en"),
    ],
)
_NOT_RETURNED = "OLD.state = 'sent' AND NOT (NEW.state = 'failed' AND NEW.reason = 'returned')"  # letters.RETURNED
frozen("notifications_letter", ["state", "address", "sent_at", "posted_by_id"], once=_NOT_RETURNED, name="sent_once")
never_deleted("notifications_letter")
