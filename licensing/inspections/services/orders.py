"""Order an inspection: its inspector is drawn, its checklist kept. Ask for another one after it failed, or cancel it."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from licensing.inspections import queries
from licensing.inspections.draws import draw
from licensing.inspections.notifications import InspectionOrdered, tell
from licensing.inspections.states import OPEN, InspectionState
from licensing.models import Inspection
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.delegation.authorization import authorize
from municipality.documents.numbers import next_number
from municipality.kernel import clock, worktime
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.places.models import Branch
from municipality.review.models import Party
from municipality.review.queries import is_supervisor
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Activity, RuleSet
from shops.models import Shop
from shops.register import conflicts
from shops.register.addresses import address_texts
from shops.register.queries import owners
from shops.registry import licences_of


def order(
    *,
    case: Case | None,
    shop: Shop | None,
    name_ar: str,
    name_en: str,
    activity: Activity,
    branch: Branch,
    address_ar: str,
    address_en: str,
    contact: User | None,
    latitude: float | None = None,
    longitude: float | None = None,
    actor: Actor,
    reason: str = "",
    previous: Inspection | None = None,
) -> Inspection:
    """Order an inspection in the caller's transaction, draw its inspector and ask the owner for a day.

    Without a `contact` nobody is told by the portal, which then sets the day itself; the branch announces the visit on paper.
    `case` is the request that it is part of, `shop` is None as long as that has none. After `previous`, a failed one, the same edition
    of the checklist is asked by somebody else. Raises Refused: no_inspector, no_edition, shop_closed, and open_already where one is open.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an inspection is ordered inside the transaction of its cause")
    today, limits = clock.today(), queries.limits()
    inspector, drawn = draw(
        branch_id=branch.pk,
        is_womens=activity.is_womens,
        parties=parties_of(contact, shop, case),
        without=[previous.inspector_id] if previous else [],
    )
    facts = {"name_ar": name_ar, "name_en": name_en, "address_ar": address_ar, "address_en": address_en}
    checklist: RuleSet = previous.checklist if previous else queries.checklist(today)
    _refuse_second(case, shop)
    if shop is not None and shop.is_closed:
        raise Refused("shop_closed", _("The shop is closed in the register."))
    try:
        with transaction.atomic():
            inspection = Inspection.objects.create(
                reference=next_number(f"INS-{branch.pk}-{today.year}"),
                case=case,
                shop=shop,
                activity=activity,
                branch=branch,
                latitude=latitude,
                longitude=longitude,
                contact=contact,
                inspector=inspector,
                draw=drawn,
                checklist=checklist,
                previous=previous,
                reason=reason,
                ordered_by=actor.key,
                ordered_at=clock.now(),
                choose_by=worktime.add_working_days(rulebook.calendar(), today, limits["choose_days"]),
                **facts,
            )
    except IntegrityError:
        _refuse_second(case, shop)
        raise
    data = {"reference": inspection.reference, "checklist": str(checklist), "inspector": inspector.key, **drawn}
    record("inspection.ordered", subject=inspection.key, actor=actor, data=data)
    context = {"inspection": inspection, "until": inspection.choose_by}
    tell(InspectionOrdered, inspection, key=inspection.public_id, context=context)
    return inspection


def _refuse_second(case: Case | None, shop: Shop | None) -> None:
    rows = Inspection.objects.filter(state__in=OPEN)
    if (case is not None and rows.filter(case=case).exists()) or (shop is not None and rows.filter(shop=shop).exists()):
        raise Refused("open_already", _("An inspection of this place is under way already. Wait for its result, or cancel it first."))


def parties_of(contact: User | None, shop: Shop | None, case: Case | None) -> list[str]:
    """The keys with which an inspector must have no conflict of interest."""
    keys = [contact.key] if contact is not None else []
    if shop is not None:
        keys += conflicts.parties_of(shop)
    return [*keys, case.key, *Party.objects.filter(case=case).values_list("key", flat=True)] if case is not None else keys


@transaction.atomic
def order_of_shop(*, shop: Shop, supervisor: User, reason: str) -> Inspection:
    """A supervisor orders an inspection of a licensed shop of their branch; the inspector is drawn.

    Raises NotPermitted for others, and as `order_for_shop`.
    """
    if not is_supervisor(supervisor) or supervisor.branch_id != shop.branch_id:
        raise NotPermitted("not_supervisor", _("Only a supervisor of the branch of the shop can order an inspection."))
    return order_for_shop(shop=shop, actor=actor_of(supervisor, "supervisor"), reason=reason)


def order_for_shop(*, shop: Shop, actor: Actor, reason: str) -> Inspection:
    """Order an inspection of a licensed shop in the caller's transaction, who also says that the actor may.

    A shop of which nobody has an account is inspected too. Raises Refused: reason_missing, not_licensed, and as `order`.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("Write why this shop is inspected. The reason is kept and its owner reads it."))
    if shop.pk not in licences_of([shop.pk]):
        raise Refused("not_licensed", _("This shop has no health licence. Only licensed shops are inspected here."))
    holders = owners(shop)
    return order(
        case=None,
        shop=shop,
        activity=shop.activity,
        contact=holders[0] if holders else None,
        actor=actor,
        reason=reason.strip(),
        **_place_of(shop),
    )


def _place_of(shop: Shop) -> dict[str, Any]:
    """Where the inspector goes for a licensed shop, with its names and branch, as the register has them today."""
    address_ar, address_en = address_texts(shop)
    return {
        "name_ar": shop.name_ar,
        "name_en": shop.name_en,
        "branch": shop.branch,
        "address_ar": address_ar[:300],
        "address_en": address_en[:300],
        "latitude": shop.latitude,
        "longitude": shop.longitude,
    }


def _place_before(row: Inspection) -> dict[str, Any]:
    """The same of an inspection that was part of a request."""
    names = ("name_ar", "name_en", "branch", "address_ar", "address_en", "latitude", "longitude")
    return {name: getattr(row, name) for name in names}


def lock_request(inspection: Inspection) -> None:
    """Lock the request of an inspection, if it has one: before the inspection, as what ends a request locks them."""
    if inspection.case_id is not None:
        Case.objects.select_for_update(of=("self",)).get(pk=inspection.case_id)


@transaction.atomic
def ask_again(*, inspection: Inspection, person: User) -> Inspection:
    """After a failed inspection its owner asks for another one: what failed is asked again, by another inspector.

    That of a licensed shop is made where the shop is today.
    Raises NotPermitted for others, Refused: not_failed, and as `order`.
    """
    lock_request(inspection)
    actor = authorize(person, inspection).actor
    row = Inspection.objects.select_for_update(of=("self",)).select_related(*queries.RELATED).get(pk=inspection.pk)
    if row.state != InspectionState.FAILED:
        raise Refused("not_failed", _("Only an inspection that was not passed is made again."))
    if row.next.exclude(state=InspectionState.CANCELLED).exists():
        raise Refused("open_already", _("Another inspection was asked for already. Nothing was changed."))
    if row.case is not None and not row.case.is_open:
        raise Refused("request_closed", _("The request that this inspection is part of is closed. Send a new request."))
    holders = owners(row.shop) if row.shop is not None else []
    return order(
        case=row.case,
        shop=row.shop,
        activity=row.activity,
        contact=next(iter(holders), None) if row.shop is not None else row.contact,
        actor=actor,
        previous=row,
        **(_place_of(row.shop) if row.shop is not None and row.case is None else _place_before(row)),
    )


@transaction.atomic
def order_anew(*, inspection: Inspection, actor: Actor, reason: str) -> Inspection:
    """Cancel an open inspection of a licensed shop, for a code, and order it once more where the shop is today, for what it does there.

    One that looks again asks again what failed, of the activity before. Raises as `order`.
    """
    row = Inspection.objects.select_related(*queries.RELATED).get(pk=inspection.pk)
    if row.shop is None:
        raise ValueError("no shop has moved")
    cancel(inspection=row, actor=actor, reason=reason)
    return order(
        case=None,
        shop=row.shop,
        activity=row.shop.activity if row.previous is None else row.activity,
        contact=next(iter(owners(row.shop)), None),
        actor=actor,
        reason=row.reason,
        previous=row.previous,
        **_place_of(row.shop),
    )


@transaction.atomic
def cancel(*, inspection: Inspection, actor: Actor, reason: str) -> None:
    """Cancel an open inspection, for a code such as that of its request's end. Raises TransitionRefused after its result."""
    row = Inspection.objects.select_for_update().get(pk=inspection.pk)
    transition(row, "cancel", actor=actor, reason=reason)
    record("inspection.cancelled", subject=row.key, actor=actor, data={"code": reason})


@transaction.atomic
def attach(*, case: Case, shop: Shop) -> None:
    """Name the shop that a request has made, so that its inspections stand on the page of the shop."""
    Inspection.objects.filter(case=case, shop__isnull=True).update(shop=shop)
