"""What payments show of an act on a licence: what its bill is for, and its page as an origin of other payments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from licensing.health.names import NAMES
from licensing.health.services.lost import UNSETTLED, stopped_fee
from licensing.health.states import CANCEL, CHANGE, DUPLICATE, RENEWAL, RenewalState
from licensing.health.transfers import queries as transfers
from licensing.models import Act, Renewal
from licensing.payment_results import stopped_by
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Block
from municipality.ui.templatetags.portal import day
from municipality.ui.texts import Text
from payments.models import Bill
from payments.registry import Due, Origin
from shops.register import queries as shops

RENEWAL_PAGE, LICENCE_PAGE = "renewal", "licence"


def renewal_page(user: User, public_id: str) -> Origin | None:
    """The page of a shop that the person may renew for."""
    if not shops.visible_to(user, RENEWAL).filter(public_id=public_id).exists():
        return None
    return Origin(_("Continue the renewal"), reverse("licensing:renew", args=[public_id]), _("Back to the renewal"))


def licence_page(user: User, public_id: str) -> Origin | None:
    """The page of a licence on which the person may act."""
    if not any(shops.visible_to(user, service).filter(public_id=public_id).exists() for service in (CHANGE, DUPLICATE, CANCEL)):
        return None
    return Origin(_("Back to the licence"), reverse("licensing:licence", args=[public_id]), _("Back to the licence"))


def billed(bills: Sequence[Bill]) -> dict[int, Due]:
    """What bills of acts on licences are for, by primary key; one query, and one of what stops those that were not paid yet.

    For transfers that were not paid yet, those of what their holders owe on the shops too.
    """
    by_case = {bill.subject.partition(":")[2]: bill for bill in bills}
    related = Renewal.objects.select_related("case", "licence__shop", "licence__document")
    rows = list(related.defer("licence__document__facts", "licence__document__public_facts").filter(case__public_id__in=by_case))
    unpaid = {row.pk: row.case.subject for row in rows if row.case.state == RenewalState.AWAITING_PAYMENT}
    blocks = cases.blocks_by_subject(set(unpaid.values()), RENEWAL) if unpaid else {}
    owing = transfers.owing([row.licence.shop for row in rows if row.pk in unpaid and row.act == Act.TRANSFER])
    return {
        by_case[row.case.public_id].pk: _due(by_case[row.case.public_id], row, _stopped(row, blocks, owing) if row.pk in unpaid else "")
        for row in rows
    }


def _stopped(renewal: Renewal, blocks: Mapping[str, Sequence[Block]], owing: Collection[int]) -> Text:
    """Why a fee that was not paid yet cannot be paid: paid, the request would be refused. `owing`: `transfers.queries.owing`."""
    shop = renewal.licence.shop
    return stopped_by(blocks.get(renewal.case.subject, [])) or stopped_fee(renewal, shop) or (UNSETTLED if shop.pk in owing else "")


def _due(bill: Bill, renewal: Renewal, stopped: Text) -> Due:
    shop = renewal.licence.shop
    name_ar, name_en = NAMES[renewal.case.service]
    return Due(
        key=renewal.case.public_id,
        kind=renewal.case.service,
        title_ar=bill.title_ar,
        title_en=bill.title_en,
        fils=bill.total_fils,
        note=format_html(gettext("Licence valid from {} to {}."), day(renewal.first_day), day(renewal.last_day))
        if renewal.case.service == RENEWAL
        else "",
        shop=shop.key,
        url=reverse("cases:case", args=[renewal.case.public_id]),
        name_ar=name_ar,
        name_en=name_en,
        shop_name_ar=shop.name_ar,
        shop_name_en=shop.name_en,
        reference=renewal.case.reference,
        stopped=stopped,
    )
