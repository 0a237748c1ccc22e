"""What the database refuses of transfers: an answer of another person, a second or late one, a licence without the agreement."""

from licensing.health.names import TRANSFER
from municipality.kernel.guards import frozen, guard, never_deleted

TABLE = "licensing_licencetransfer"
never_deleted(TABLE)
frozen(TABLE, ["public_id", "shop_id", "asked_by_id", "holder_key", "to_digest", "to_masked", "asked_at", "expires_at"])
frozen(TABLE, ["outcome", "answered_at", "signer_id", "organisation_id", "case_id"], once="OLD.outcome <> ''", name="answered_once")
# An allowed appeal opens a request again: of its second end the present holder is told too.
_OVER = "EXISTS (SELECT 1 FROM cases_case c WHERE c.id = OLD.case_id AND NOT c.is_open)"
frozen(TABLE, ["told_at"], once=f"OLD.told_at IS NOT NULL AND {_OVER}", name="told_once")
guard(f"{TABLE}_asked", TABLE, "INSERT", "NEW.outcome <> ''", "answered_already")
_SIGNED = "OLD.outcome = '' AND NEW.signer_id IS NOT NULL"
guard(f"{TABLE}_in_time", TABLE, "UPDATE", f"{_SIGNED} AND NEW.answered_at > NEW.expires_at", "too_late")
guard(
    f"{TABLE}_named",
    TABLE,
    "UPDATE",
    f"{_SIGNED} AND NOT EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.signer_id AND u.civil_id_digest = NEW.to_digest)",  # noqa: S608 - constants
    "not_named",
)
guard(
    f"{TABLE}_signs",
    TABLE,
    "UPDATE",
    f"{_SIGNED} AND NEW.organisation_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM accounts_signatory s"  # noqa: S608 - constants
    " WHERE s.organisation_id = NEW.organisation_id AND s.person_id = NEW.signer_id)",
    "not_signatory",
)
guard(
    f"{TABLE}_case",
    TABLE,
    "UPDATE",
    "OLD.outcome = '' AND NEW.case_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM cases_case c JOIN shops_shop s"  # noqa: S608 - constants
    f" ON c.subject = 'shop:' || s.public_id WHERE c.id = NEW.case_id AND s.id = NEW.shop_id AND c.service = '{TRANSFER}'"
    " AND c.applicant_id = NEW.signer_id)",
    "other_case",
)
# A transferred licence is issued to the person or organisation that agreed, who holds the shop by then.
guard(
    "licensing_renewal_transfer_agreed",
    "licensing_renewal",
    "UPDATE",
    "NEW.act = 'transfer' AND NEW.new_licence_id IS NOT NULL AND OLD.new_licence_id IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM licensing_licencetransfer t JOIN shops_shop s ON s.id = t.shop_id"
    " JOIN licensing_healthlicence l ON l.id = NEW.new_licence_id AND l.shop_id = t.shop_id"
    " WHERE t.case_id = NEW.case_id AND t.outcome = 'agreed'"
    " AND (s.organisation_id = t.organisation_id OR (t.organisation_id IS NULL AND s.owner_id = t.signer_id)))",
    "not_agreed",
)
