"""The deadlines of holders that move after an incident.

Those to renew a health licence without surcharge, to renew boards and to appeal are not stored: who computes them asks
`incidents.queries`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from licensing.health import queries
from licensing.health.appeals import queries as appeals
from licensing.health.new_licence.states import NewLicenceState
from licensing.health.states import RENEWAL, RenewalState
from licensing.models import Act, Board, HealthLicence, Renewal
from licensing.shop_cases import CLOSE_UNPAID, CLOSE_UNPAID_BOARDS
from licensing.signage.renewals import offers
from licensing.signage.states import BOARDS as BOARDS_SERVICE
from licensing.signage.states import BoardsState
from municipality.accounts.models import User
from municipality.documents.states import LIVE
from municipality.incidents import queries as incidents
from municipality.incidents.models import MovedDeadline
from municipality.incidents.registry import Deadline, Deadlines
from municipality.incidents.requests import applicant, closed_by
from municipality.kernel.errors import Refused
from shops.models import Shop
from shops.register import queries as shops

HEALTH, BOARDS = queries.SURCHARGE_DEADLINE, offers.BOARDS_DEADLINE


def _licences(first: dt.date, last: dt.date) -> Iterator[Deadline]:
    """Licences in force without a next one and without an open renewal: one that was sent is not late any more. Other acts may be open."""
    rows = HealthLicence.objects.filter(
        Q(last_day__range=(first, last)) | Q(pk__in=incidents.moved_into(HEALTH, first, last)),
        is_current=True,
        document__state__in=LIVE,
        shop__closed_on__isnull=True,
    ).exclude(pk__in=Renewal.objects.filter(case__is_open=True, act=Act.RENEWAL).values("licence"))
    found = list(rows.select_related("shop", "document").order_by("pk"))
    moved = incidents.moved_to(HEALTH, [row.pk for row in found])
    for row in found:
        day = max(row.last_day, moved.get(row.pk, row.last_day))
        if day >= first:
            yield Deadline(row.pk, day, row.shop.key, row.document.number)


def _boards(first: dt.date, last: dt.date) -> Iterator[Deadline]:
    """Boards whose renewal can be asked for and was not."""
    try:
        late = dt.timedelta(days=offers.window().limits["late_days"].value)
    except Refused:
        return
    in_time = Q(last_day__range=(first - late, last - late)) | Q(pk__in=incidents.moved_into(BOARDS, first, last))
    rows = Board.objects.filter(in_time, offers.is_unasked(), request__document__state__in=LIVE, end=None)
    found = list(rows.select_related("request__shop").order_by("pk"))
    moved = incidents.moved_to(BOARDS, [row.pk for row in found])
    for row in found:
        if row.last_day is None:
            continue
        stated = row.last_day + late
        day = max(stated, moved.get(row.pk, stated))
        if day >= first:
            yield Deadline(row.pk, day, row.request.shop.key, row.number)


def _refusals(first: dt.date, last: dt.date) -> Iterator[Deadline]:
    return (Deadline(row.pk, day, row.case.key, row.case.reference) for row, day in appeals.running(first, last))


def _stays(thing: int, day: dt.date) -> bool:
    """Nothing is stored but the moved deadline itself."""
    return True


def _holders(moved: MovedDeadline) -> Sequence[User]:
    shop = Shop.objects.select_related("owner", "organisation").get(public_id=moved.subject.partition(":")[2])
    return shops.owners(shop)


_TO_PAY = _("To pay the request")
KINDS = {
    HEALTH: Deadlines(_("To renew a health licence without surcharge"), _licences, _stays, _holders, [RENEWAL]),
    BOARDS: Deadlines(_("To renew an advertisement board"), _boards, _stays, _holders, [BOARDS_SERVICE]),
    appeals.APPEAL_DEADLINE: Deadlines(_("To appeal against a refusal"), _refusals, _stays, applicant),
    "licensing.payment": closed_by(CLOSE_UNPAID, _TO_PAY, state=RenewalState.AWAITING_PAYMENT),
    "licensing.boards_payment": closed_by(CLOSE_UNPAID_BOARDS, _TO_PAY, state=BoardsState.AWAITING_PAYMENT),
    "licensing.new_licence": closed_by(
        "licensing.expire_new", _("The next step of the new licence"), state=NewLicenceState.AWAITING_PAYMENT
    ),
}
