"""What forbids the licence of an act since it was sent."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from licensing.health import queries, rules
from licensing.health.states import RENEWAL
from licensing.health.transfers import queries as transfers
from licensing.models import Act, Lane, Renewal
from municipality.cases import queries as cases
from municipality.cases.models import Case, Effect
from municipality.documents.states import DocumentState
from municipality.kernel import clock, subjects
from municipality.ui.texts import Text
from shops.models import Shop
from shops.register import queries as shops

ELSEWHERE = frozenset({"activity", "area", "block", "plot"})  # registered facts; another street or PACI number is corrected without a move

# Why a request was refused after its approval, by the code of `lost_condition`.
LOST: dict[str, Text] = {
    "other_holder": _("The shop has another holder by now."),
    "licence_over": _("The licence of the shop is not in force."),
    "period_over": _("The last day of the period that was asked for is over. You can ask for the renewal again from My shops."),
    "register_changed": _(
        "The register has another activity or place of the shop by now. You can ask for the renewal again from My shops."
    ),
    "shop_closed": _("The shop is closed in the register."),
    "blocked": _("The shop is blocked. My shops shows why and what to do."),
    "nothing_owed": _("Something about the shop has to be settled first."),
}


def lost_condition(case: Case) -> str:
    """The code of what forbids the licence of a request, a key of `LOST`, or ""; looked at before the bill, and once it is paid."""
    if code := lost_holder(case):
        return code
    renewal = queries.get_renewal(case)
    shop = Shop.objects.get(public_id=subjects.parse(case.subject).id)
    if code := lost_licence(renewal, shop):
        return code
    if any(block.effect == Effect.STOP for block in cases.active_blocks(case.subject, RENEWAL)):
        return "blocked"
    transfer = transfers.of_case(case)
    return transfers.lost_condition(transfer, shop) if transfer is not None else ""


def lost_licence(renewal: Renewal, shop: Shop) -> str:
    """What forbids the licence of a request by its period, its present licence and its shop alone, or ""; asks the database nothing."""
    if code := lost_period(renewal):
        return code
    if is_elsewhere(renewal, shop):
        return "register_changed"
    document = renewal.licence.document  # one that has ended, or is suspended, can be renewed
    if document.state == DocumentState.REVOKED or (renewal.act != Act.RENEWAL and document.live_state != "valid"):
        return "licence_over"
    return lost_shop(shop)


def lost_shop(shop: Shop) -> str:
    """ "shop_closed" for a shop that the register says is closed; else ""."""
    return "shop_closed" if shop.closed_on is not None and shop.closed_on <= clock.today() else ""


def stopped_fee(renewal: Renewal, shop: Shop) -> Text:
    """Why the fee of a renewal or another act cannot be paid by `lost_licence`: paid, it would be refused. Empty where it can."""
    code = lost_licence(renewal, shop)
    if code == "register_changed":
        return CHANGED
    return format_html("{} {}", LOST[code], _("Paid, this request would be refused. You can withdraw it.")) if code else ""


def unsettled(renewal: Renewal, shop: Shop) -> Text:
    """Why the fee of a transfer cannot be paid as long as something is owed on the shop: paid, it would be refused. Else empty."""
    return UNSETTLED if renewal.act == Act.TRANSFER and transfers.owing([shop]) else ""


def lost_holder(case: Case) -> str:
    """ "other_holder" where the shop has passed from the applicant of an act, or from the organisation that they signed for.

    "" for a transfer, whose applicant takes it over.
    """
    if transfers.of_case(case) is not None:
        return ""
    shop = Shop.objects.get(public_id=subjects.parse(case.subject).id)
    return "" if shops.is_of_holder(shop, case.applicant, case.organisation_id) else "other_holder"


def lost_period(renewal: Renewal) -> str:
    """What forbids a licence whose last day is past, since it would be issued as one that has ended.

    "period_over" for a renewal, "licence_over" for another act, which keeps the last day of the licence; else "".
    """
    if renewal.last_day >= clock.today():
        return ""
    return "period_over" if renewal.act == Act.RENEWAL else "licence_over"


def lost_facts(case: Case) -> str:
    """ "register_changed" where the register has another activity or place of the shop than when a renewal was sent that nobody studies.

    Such a renewal is approved since nothing changed; what else the register changes meanwhile sends the next one to an officer.
    """
    renewal = queries.get_renewal(case)
    shop = Shop.objects.get(public_id=subjects.parse(case.subject).id)
    return "register_changed" if is_elsewhere(renewal, shop) else ""


CHANGED = _(
    "The register has another activity or another place of the shop since this request was sent. Withdraw it, and ask for the renewal "
    "again from My shops."
)

UNSETTLED = _("The present holder has to settle something about the shop first; then the fee can be paid.")


def is_elsewhere(renewal: Renewal, shop: Shop) -> bool:
    """Whether the register has another activity or place of the shop than when a renewal that nobody studies was sent."""
    if renewal.act != Act.RENEWAL or renewal.lane != Lane.CLEAN:
        return False
    return bool(ELSEWHERE.intersection(rules.changed_fields(renewal.registered_facts, shop.registered_facts())))


def lost_at_issue(case: Case) -> str:
    """What forbids the issue; the shop stays locked until the licence is in force.

    All of `lost_condition` for a transfer; for another act its holder, its period, its facts and whether its shop is closed in the
    register, since a measure suspends what is issued.
    """
    shop = Shop.objects.select_for_update(of=("self",)).get(public_id=subjects.parse(case.subject).id)
    if transfers.of_case(case) is not None:
        return lost_condition(case)
    return lost_holder(case) or lost_period(queries.get_renewal(case)) or lost_facts(case) or lost_shop(shop)
