"""What the database refuses of documents."""

from municipality.kernel.guards import frozen, insert_only, moved_by_event, never_deleted

moved_by_event("documents_document", "documents_documentevent", "'documents.document'")
never_deleted("documents_document")
frozen(
    "documents_document",
    ["file_id", "number", "code", "subject", "valid_from", "valid_to", "facts", "public_facts"],
    once="OLD.state <> 'draft'",
)
insert_only("documents_storedfile")
