"""Guards of uploads."""

from municipality.kernel.guards import frozen, moved_by_event, never_deleted

moved_by_event("uploads_upload", "uploads_uploadevent", "'uploads.upload'")
never_deleted("uploads_upload")
frozen("uploads_upload", ["public_id", "owner_id", "sent_by_id", "slot", "name", "size", "fingerprint", "replaces_id", "created_at"])
frozen("uploads_upload", ["sha256", "received"], once="OLD.state <> 'receiving'", name="arrived")
frozen(
    "uploads_upload",
    ["file_id", "preview_id", "media_type", "pages", "width", "height"],
    once="OLD.state IN ('ready', 'refused', 'removed')",
    name="judged",
)
frozen("uploads_upload", ["subject"], once="OLD.subject LIKE 'case:%'", name="submitted")
