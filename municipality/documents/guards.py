"""Guards of documents."""

from municipality.kernel.guards import frozen, insert_only, moved_by_event, never_deleted

moved_by_event("documents_document", "documents_documentevent", "'documents.document'")
never_deleted("documents_document")
frozen(
    "documents_document",
    ["file_id", "number", "code", "kind", "holder_key", "subject", "valid_from", "valid_to", "facts", "public_facts"],
    once="OLD.state <> 'draft'",
)
insert_only("documents_storedfile")
frozen("documents_document", ["replaced_by_id"], once="OLD.replaced_by_id IS NOT NULL", name="replaced_once")
