"""Service blocks of unpaid violations: placed after service and a period, ended by the system."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from licensing.health.states import RENEWAL
from municipality.cases.models import Block
from municipality.cases.services import lift_block, place_block
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.registry import MessageKind
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Blocks
from shops.models import Shop
from violations import options, queries
from violations.models import StopLift, Violation
from violations.notifications import ServicesFree, ServicesStopped, notify
from violations.states import ViolationState

V = ViolationState
ME = system("violations")
# States in which services are blocked.
UNPAID = (V.OVERDUE, V.REFERRED, V.JUDGED)
STOPPED = (RENEWAL,)
GROUND = "unpaid_violation"


def place_due() -> int:
    """Block services for every unpaid violation whose day has come. Returns for how many."""
    due = Violation.objects.filter(state__in=UNPAID, block_from__lte=clock.today(), service__isnull=False).exclude(
        offence_facts__blocks=Blocks.NOBODY
    )
    due = due.exclude(Q(offence_facts__blocks=Blocks.SHOP) & (Q(shop__isnull=True) | ~queries.OF_HOLDER))
    due = due.exclude(pk__in=_lifts_in_force().values("violation"))
    blocking = set(Block.objects.filter(lifted_at__isnull=True, ground=GROUND).values_list("source", flat=True))
    keys = [pk for pk, public_id in due.order_by("pk").values_list("pk", "public_id") if f"violation:{public_id}" not in blocking]
    return sweeps.for_each("violations.stop_services", keys, _place)


def _place(pk: int) -> bool:
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop__owner", "party").get(pk=pk)
    if row.state not in UNPAID or row.block_from is None or row.block_from > clock.today():
        return False
    if _lifts_in_force().filter(violation=row).exists():
        return False
    shops = shops_of(row)
    ground = rulebook.edition(queries.LIMITS, clock.today()).limits["block_after_days"]
    for shop in shops:
        for service in STOPPED:
            unpaid_ar = f"المخالفة {row.reference} لم تُسدَّد بعد انتهاء مهلتها ({ground.article_ar})."
            unpaid_en = f"Violation {row.reference} is unpaid after its period ({ground.article_en})."
            place_block(
                subject=shop.key,
                ground=GROUND,
                source=row.key,
                stops=service,
                sentence_ar=f"{unpaid_ar} يُرفع الوقف عند دفع المبلغ الذي تحدده المحكمة.",
                sentence_en=f"{unpaid_en} The stop ends once the amount that the court sets is paid.",
                actor=ME,
            )
    if shops:
        lift_count = StopLift.objects.filter(violation=row, allowed_at__isnull=False).count()  # another message after a lift has ended
        ends = options.stop_ends(queries.status_of(row, is_party=True))
        notify(ServicesStopped, row, key=f"stopped:{row.last_event_id}" + (f":{lift_count}" if lift_count else ""), ends=ends)
    return bool(shops)


def _lifts_in_force() -> QuerySet[StopLift]:
    """Lifts by hand whose last day has not passed."""
    return StopLift.objects.filter(allowed_at__isnull=False, until__gte=clock.today())


def stops_from(row: Violation) -> dt.date | None:
    """The first day on which a violation that is left unpaid stops services: after its period, and not while it can be settled.

    None where it stops none, and before its notice is received.
    """
    scope = row.offence_facts.get("blocks")
    if row.block_from is None or scope == Blocks.NOBODY or (scope == Blocks.SHOP and not queries.is_of_holder(row)):
        return None
    # A later last day, as of a sum that was reduced or is the rest of a plan, ends before anything is stopped.
    return row.block_from if row.settle_until is None else max(row.block_from, row.settle_until + dt.timedelta(days=1))


def is_blocking(row: Violation) -> bool:
    """Whether a violation blocks a service now."""
    return blocked_shops(row) > 0


def blocked_shops(row: Violation) -> int:
    """How many shops have a service that a violation blocks now."""
    return Block.objects.filter(source=row.key, lifted_at__isnull=True).values("subject").distinct().count()


def has_reopened(row: Violation) -> bool:
    """Whether the last step of a violation opened services again: it lifted blocks, and nothing else blocks the same services."""
    others = Block.objects.filter(subject=OuterRef("subject"), stops=OuterRef("stops"), lifted_at__isnull=True)
    lifted = Block.objects.filter(source=row.key, lifted_at__gte=row.last_event.at) if row.last_event is not None else Block.objects.none()
    return lifted.filter(~Exists(others)).exists()


def shops_of(row: Violation) -> list[Shop]:
    """The shops that are blocked: that of the violation, or every shop of the party, as the catalogue says.

    A shop at which somebody else than its holder is the party, by their civil number, is not blocked.
    """
    scope = row.offence_facts.get("blocks", Blocks.SHOP)
    if scope == Blocks.NOBODY:
        return []
    shop = row.shop if queries.is_of_holder(row) else None
    if scope == Blocks.SHOP:
        return [shop] if shop is not None else []
    of_party = Q()
    if shop is not None:
        of_party |= Q(owner=shop.owner) & Q(owner__isnull=False) | Q(organisation=shop.organisation) & Q(organisation__isnull=False)
    else:  # who is named by a civil number; who signs for a company is not its party, nor are their own shops
        for person in queries.people_of(row):
            of_party |= Q(owner=person)
    return list(Shop.objects.filter(of_party).order_by("pk")) if of_party else []


def lift(row: Violation, *, reason: str, kind: type[MessageKind] = ServicesFree, **context: Any) -> int:
    """End every block of a violation and send a message of `kind`. Returns how many ended.

    The database refuses it while the sum is unpaid, unless a lift by hand is in force.
    """
    lifted = end(row)
    if lifted:
        notify(kind, row, key=f"free:{reason}:{row.last_event_id}", **context)
    return lifted


def end(row: Violation) -> int:
    """End every block of a violation without a message. Returns how many ended."""
    subjects = list(Block.objects.filter(source=row.key, lifted_at__isnull=True).values_list("subject", flat=True).distinct())
    return sum(lift_block(subject=subject, source=row.key, actor=ME) for subject in subjects)
