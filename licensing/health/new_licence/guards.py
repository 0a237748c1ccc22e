"""What the database refuses of new licences: other facts than were sent, unsigned approvals, and a licence before its time."""

from licensing.health.new_licence.models import ADDRESS
from municipality.kernel.guards import frozen, guard, never_deleted

never_deleted("licensing_newlicence")
_PLACE = ["area_id", *ADDRESS, "area_m2"]
_MANAGER = [f"manager_{name}" for name in ("name_ar", "name_en", "civil_id_digest", "civil_id_cipher", "civil_id_masked")]
_SENT = ["case_id", "organisation_id", "name_ar", "name_en", "activity_id", "ends_with_commercial", "files_key", "declared_at"]
frozen("licensing_newlicence", [*_SENT, *_PLACE, *_MANAGER, "zoning_answer", "against_zoning"])
for _column in ("approval_id", "refusal_id", "licence_id", "shop_id"):
    frozen("licensing_newlicence", [_column], once=f"OLD.{_column} IS NOT NULL", name=f"{_column}_once")
_COMMERCIAL = ["commercial_license_no", "commercial_license_end", "commercial_source"]
frozen("licensing_newlicence", _COMMERCIAL, once="OLD.commercial_license_no <> ''", name="commercial_once")
# A commercial licence is named by one open request.
_NAMES = "OLD.commercial_license_no = '' AND NEW.commercial_license_no <> ''"
guard(
    "licensing_newlicence_number_once",
    "licensing_newlicence",
    "UPDATE",
    f"{_NAMES} AND EXISTS (SELECT 1 FROM licensing_newlicence n JOIN cases_case c ON c.id = n.case_id"  # noqa: S608 - constants
    " WHERE n.commercial_license_no = NEW.commercial_license_no AND n.id <> NEW.id AND c.is_open)",
    "number_taken",
    one_by_one=_NAMES,
)
_EDGE = (  # no edge at all is another guard's
    "NEW.workflow = 'licensing.new_licence' AND EXISTS (SELECT 1 FROM audit_edge e WHERE e.workflow = NEW.workflow"
    " AND e.move = NEW.move AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"
)
_REQUEST = "SELECT 1 FROM licensing_newlicence n WHERE n.case_id = NEW.subject_id"
# A request is sent with its facts.
guard(
    "cases_caseevent_new_sent",
    "cases_caseevent",
    "INSERT",
    f"{_EDGE} AND NEW.move = 'send_to_officer' AND NOT EXISTS ({_REQUEST})",
    "no_facts",
)
# An approval against the answer of zoning takes effect by a decision that another person signed: its own, or that of an appeal.
guard(
    "cases_caseevent_new_signed",
    "cases_caseevent",
    "INSERT",
    f"{_EDGE} AND NEW.to_state = 'location_approved' AND EXISTS ({_REQUEST} AND n.against_zoning)"  # noqa: S608 - constants
    " AND NOT EXISTS (SELECT 1 FROM review_decision s WHERE s.outcome = 'accept'"
    " AND s.voided_at IS NULL AND s.signed_at IS NOT NULL AND s.signed_digest = s.digest AND s.signed_by_id <> s.made_by_id"
    " AND (NEW.move = 'sign_acceptance' AND s.case_id = NEW.subject_id OR NEW.move = 'allow_appeal' AND s.case_id IN"
    " (SELECT a.case_id FROM licensing_appeal a JOIN review_decision d ON d.id = a.refusal_id WHERE d.case_id = NEW.subject_id)))",
    "against_zoning_unsigned",
)
# The inspection begins with a commercial licence.
guard(
    "cases_caseevent_new_commercial",
    "cases_caseevent",
    "INSERT",
    f"{_EDGE} AND NEW.move = 'inspect' AND NOT EXISTS ({_REQUEST} AND n.commercial_license_no <> '')",
    "no_commercial_licence",
)
# The bill follows a passed inspection of the request.
guard(
    "cases_caseevent_new_inspected",
    "cases_caseevent",
    "INSERT",
    f"{_EDGE} AND NEW.move = 'inspected' AND NOT EXISTS (SELECT 1 FROM licensing_inspection i"  # noqa: S608 - constants
    " WHERE i.case_id = NEW.subject_id AND i.state = 'passed')",
    "not_inspected",
)
# A request is issued with its licence, of its shop; a licence belongs to a paid request.
guard(
    "cases_caseevent_new_issued",
    "cases_caseevent",
    "INSERT",
    f"{_EDGE} AND NEW.move = 'issue' AND NOT EXISTS ({_REQUEST} AND n.licence_id IS NOT NULL)",
    "no_licence",
)
guard(
    "licensing_newlicence_licensed_when_paid",
    "licensing_newlicence",
    "UPDATE",
    "NEW.licence_id IS NOT NULL AND OLD.licence_id IS NULL AND NOT EXISTS (SELECT 1 FROM cases_case c"
    " JOIN licensing_healthlicence l ON l.shop_id = NEW.shop_id WHERE c.id = NEW.case_id AND c.state = 'paid' AND l.id = NEW.licence_id)",
    "not_paid",
)
