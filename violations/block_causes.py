"""Why an unpaid violation blocks a service, and what its party can do now."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from municipality.accounts.models import User
from municipality.cases.block_causes import Obstacle, Way
from municipality.cases.models import Block
from municipality.delegation import queries as delegation
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.ui.templatetags.portal import bilingual, day, kwd, term
from municipality.ui.texts import Text
from payments.origins import with_origin
from payments.states import BillState
from shops.models import Shop
from shops.register import queries as registered
from violations import queries, rules
from violations.models import Charge, ChargeKind, SettlementOrder, Violation
from violations.services import settlements
from violations.shop_violations import by_public_id, open_violations
from violations.states import SERVICE, ViolationState

V = ViolationState


def explain(user: User, blocks: Sequence[Block], origin: str) -> dict[int, Obstacle]:
    """The obstacles of the blocks whose violation the person may see."""
    ids = [block.source.partition(":")[2] for block in blocks]
    rows = queries.annotate_at_bank(queries.visible_to(user).filter(public_id__in=ids))
    by_key = {row.key: row for row in rows.select_related("judgment__appeal", "extension", "plan", "objection")}
    if not by_key:
        return {}
    own = set(queries.concerning(user).filter(public_id__in=ids).values_list("public_id", flat=True))
    ground = rulebook.edition(queries.LIMITS, clock.today()).limits["block_after_days"]
    article = bilingual(ground, "article")
    orders, paid = queries.orders_of(list(by_key.values())), _paid_to_the_court(list(by_key.values()))
    pairs = [(block.pk, by_key[block.source]) for block in blocks if block.source in by_key]
    return {
        pk: _obstacle(row, orders.get(row.pk), article, origin, is_paid=row.pk in paid, by_delegate=row.public_id not in own)
        for pk, row in pairs
    }


def titles(user: User, blocks: Sequence[Block], listed: Sequence[Shop]) -> dict[int, Obstacle]:
    """The obstacles of the blocks whose violation the person may see, with title, reference and amount alone.

    The open violations of the listed shops are read once for all panels; one query more for others, and one for those that neither
    concern a listed shop nor are against the person. Whoever acts for nobody holds the listed shops; a delegation may be for another
    service.
    """
    if user.is_staff:
        return {}
    asked = {block.source.partition(":")[2] for block in blocks}
    rows = {row.public_id: row for row in open_violations(listed) if row.public_id in asked}
    rows |= {row.public_id: row for row in by_public_id(asked - rows.keys())}
    seen = set() if delegation.grants(user) else {shop.pk for shop in listed}
    against = {row.public_id for row in rows.values() if queries.is_against(user, row.party, row.party_digest)}
    others = {row.shop for row in rows.values() if row.shop is not None and row.public_id not in against} - seen
    if others:
        seen |= set(registered.visible_to(user, SERVICE).filter(pk__in=others).values_list("pk", flat=True))
    found: dict[str, Obstacle] = {}
    for row in rows.values():
        if row.shop in seen or row.public_id in against:
            title, owed = _title(row.state, row.court_fils)
            found[f"violation:{row.public_id}"] = Obstacle(title, fils=owed, reference=row.reference)
    return {block.pk: found[block.source] for block in blocks if block.source in found}


def _title(state: str, court_fils: int | None) -> tuple[Text, int | None]:
    """What the block of a violation is about, and the amount where the court set one."""
    if state == V.JUDGED and court_fils is not None:
        return _("The amount that the court set is unpaid"), court_fils
    if state == V.REFERRED:
        return _("An unpaid violation is with the court"), None
    return _("The settlement period of a violation is over"), None


def _paid_to_the_court(rows: Sequence[Violation]) -> set[int]:
    """The primary keys of those violations whose amount that the court set is paid; asked only where a court set one."""
    judged = [row.pk for row in rows if row.state == V.JUDGED]
    charges = Charge.objects.filter(violation__in=judged, kind=ChargeKind.COURT, bill__state=BillState.PAID)
    return set(charges.values_list("violation", flat=True)) if judged else set()


def _obstacle(row: Violation, order: SettlementOrder | None, ground: str, origin: str, *, is_paid: bool, by_delegate: bool) -> Obstacle:
    judgment = row.judgment if row.state == V.JUDGED else None
    title, owed = _title(row.state, judgment.ruling.fils if judgment is not None else None)
    status = queries.status_of(row, is_party=True, by_delegate=by_delegate, order=order)
    is_open = {option.code: option.is_open for option in rules.option_statuses(status)}
    page = Way(_("See the violation"), reverse("violations:page", args=[row.public_id]))
    name = bilingual(row.offence_facts, "name")
    if judgment is not None and owed is not None:
        owed = settlements.court_owed(row)
        ruling = judgment.ruling
        is_paid = is_paid and (judgment.appeal_id is None or owed <= 0)
        set_by = _("The court set this amount on {}, judgment {}.")
        if settlements.is_rest(row, owed):
            set_by = _("This is the rest of the amount that the court set on {}, judgment {}.")
        why = format_html(set_by, day(ruling.ruled_on), term(ruling.ruling_no))
        pay = Way(format_html("{} {}", _("Pay"), kwd(owed)), with_origin(reverse("violations:pay", args=[row.public_id]), origin))
        if is_paid:
            lifted = _("The payment is confirmed. The block is being lifted; this page shows it within a minute.")
        elif status.is_at_bank:
            lifted = _("A payment is open at the bank. Please do not pay again: the block is lifted within a minute of its confirmation.")
        else:
            lifted = _("The block is lifted automatically within a minute of the bank’s confirmation.")
        return Obstacle(
            title,
            fils=owed,
            about=name,
            reference=row.reference,
            why=why,
            ground=ground,
            lifted=lifted,
            ways=[pay, page] if is_open["pay"] and not is_paid else [page],
        )
    if row.state == V.REFERRED:
        return Obstacle(
            title,
            about=name,
            reference=row.reference,
            why=_("It was not settled in time. The court sets the amount; nothing can be paid before it rules."),
            ground=ground,
            lifted=_("You get a message when the court has ruled and can then pay here, which lifts the block within a minute."),
            ways=[page],
        )
    settled_by = (
        format_html(_("The settlement of {} was not paid by {}."), kwd(order.fils), day(row.settle_until))
        if order is not None and row.settle_until is not None
        else _("It was not settled in time.")
    )
    may_object = is_open["object"]
    objecting = Way(_("Object to the violation"), reverse("violations:object", args=[row.public_id]))
    return Obstacle(
        title,
        about=name,
        reference=row.reference,
        why=settled_by,
        ground=ground,
        until=row.object_until if may_object else None,
        after=_("Last day to object; after it the violation goes to the court.") if may_object else "",
        lifted=(
            _("An objection lifts the block while it is studied. Otherwise the court sets the amount; paying it lifts the block.")
            if may_object
            else _("The court sets the amount. You get a message and can then pay here, which lifts the block within a minute.")
        ),
        ways=[objecting, page] if may_object else [page],
    )
