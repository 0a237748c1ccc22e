"""Deciding a difference: accept it, by the services of our register, or dismiss it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Organisation, User, actor_of
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Activity
from shops.commercial_register import differences, queries
from shops.commercial_register.licences import ADDRESS
from shops.commercial_register.port import CODE
from shops.commercial_register.services import updates
from shops.commercial_register.services.delta import require_keeper
from shops.models import RegisteredOwner, Shop
from shops.models.commercial_register import KEEPER, CommercialDifference, DifferenceState, RegisterDifferenceKind
from shops.register import events
from shops.register.services import FactChange, take_over

REPLIES = "replies.commercial"
REASON_KIND = "exception"
K = RegisterDifferenceKind


def reasons() -> list[rulebook.Reason]:
    """The coded reasons for dismissing a difference. Raises Refused("no_edition")."""
    return rulebook.edition(REPLIES, clock.today()).reasons_of(REASON_KIND)


def fingerprint(row: CommercialDifference) -> str:
    """A hash of the displayed values; a decision sends it back, so that it is about these values."""
    both = [row.state, row.theirs, differences.ours(row.kind, row.shop)]
    return hashlib.sha256(json.dumps(both, sort_keys=True).encode()).hexdigest()[:16]


def obstacle(row: CommercialDifference) -> Any:
    """Why this difference cannot be accepted; empty if it can."""
    if row.kind == K.UNREADABLE:
        return _("What cannot be read cannot be taken over. The register has to deliver it again.")
    if row.kind == K.NEW_SHOP:
        return _new_obstacle(row)
    if row.shop is None:
        return _("There is no shop with this licence.")
    if row.shop.closed_on and row.kind != K.RESTORED:
        return _("This shop is closed.")
    if row.kind == K.UNKNOWN and row.shop.suspended_on:
        return _("This shop is suspended already.")
    if row.kind in updates.FACTS and differences.columns(row.kind, row.theirs, row.shop) is None:
        return _(
            "The commercial register names an activity or an area that the Municipality's lists lack, or an address that is not whole."
        )
    return ""


def _new_obstacle(row: CommercialDifference) -> Any:
    if Shop.objects.filter(commercial_license_no=row.licence_no).exists():
        return _("A shop with this licence stands in the register meanwhile.")
    if holder_of(row.licence_no) is None:
        return _("The owner of the licence is not known to the portal yet. The shop can be opened once they have signed in.")
    address = dict.fromkeys(ADDRESS, "") | row.theirs
    if differences.area_of(row.theirs) is None or not differences.is_complete(address) or "valid_until" not in row.theirs:
        return _(
            "The commercial register names an activity or an area that the Municipality's lists lack, or an address that is not whole."
        )
    return ""


def holder_of(licence_no: str) -> User | Organisation | None:
    """The owner of a licence by the commercial register, if they have an account."""
    owner = RegisteredOwner.objects.filter(commercial_license_no=licence_no).first()
    if owner is None:
        return None
    if owner.owner_digest:
        return User.objects.filter(civil_id_digest=owner.owner_digest, is_staff=False).first()
    return Organisation.objects.filter(commercial_register_no=owner.organisation_no).first()


@transaction.atomic
def accept(*, difference: CommercialDifference, as_seen: str, by: User) -> CommercialDifference:
    """Accept a difference. A cancelled licence closes the shop, an unknown one suspends it, a new one opens it.

    Raises NotPermitted, Refused: decided_already, changed_meanwhile, not_possible, and what the register's services refuse.
    """
    require_keeper(by)
    row = _locked(difference, as_seen)
    if text := obstacle(row):
        raise Refused("not_possible", text)
    actor = actor_of(by, KEEPER)
    ours = differences.ours(row.kind, row.shop)
    _apply(row, actor)
    if row.shop is not None:
        enqueue("shops.tell_holders", key=row.key, shop_id=row.shop.pk, source=row.key)
    transition(row, "accept", actor=actor, ours=ours, shop=row.shop, decided_by=by, decided_at=clock.now())
    record("commercial.accepted", subject=row.key, actor=actor, data={"kind": row.kind, "shop": row.shop.key if row.shop else ""})
    if row.kind == K.CANCELLED:
        for other in CommercialDifference.objects.filter(feed=row.feed, licence_no=row.licence_no, state=DifferenceState.OPEN):
            updates.settle(other, "shop_closed")
    elif row.shop is not None and not queries.differs(row.shop):
        Shop.objects.filter(pk=row.shop.pk).update(facts_source=CODE, facts_at=row.stated_at)
    return row


@transaction.atomic
def dismiss(*, difference: CommercialDifference, as_seen: str, code: str, by: User) -> CommercialDifference:
    """Dismiss a difference for a coded reason; the same two values are not raised again.

    Raises NotPermitted, Refused: decided_already, changed_meanwhile, unknown_code.
    """
    require_keeper(by)
    row = _locked(difference, as_seen)
    if code not in {reason.code for reason in reasons()}:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    actor = actor_of(by, KEEPER)
    ours = differences.ours(row.kind, row.shop)
    transition(row, "dismiss", actor=actor, reason=code, ours=ours, decided_by=by, decided_at=clock.now())
    record("commercial.dismissed", subject=row.key, actor=actor, data={"kind": row.kind, "code": code})
    return row


def _locked(difference: CommercialDifference, as_seen: str) -> CommercialDifference:
    rows = CommercialDifference.objects.select_for_update(of=("self",)).select_related("feed", "shop__area", "notice")
    row = rows.get(pk=difference.pk)
    if row.state != DifferenceState.OPEN:
        raise Refused("decided_already", _("This difference is decided already."))
    if row.shop_id is not None:
        row.shop = Shop.objects.select_for_update(of=("self",)).select_related("area").get(pk=row.shop_id)
    if fingerprint(row) != as_seen:
        raise Refused(
            "changed_meanwhile", _("One of the two registers has changed since this page was opened. Please look at both values again.")
        )
    return row


def _apply(row: CommercialDifference, actor: Actor) -> None:
    if row.kind == K.NEW_SHOP:
        row.shop = _open(row, actor)
        return
    assert row.shop is not None  # noqa: S101 - as `obstacle` says
    if row.kind == K.CANCELLED:
        events.close(shop=row.shop, source=row.key, actor=actor, on=_day(row.theirs.get("cancelled_on", "")))
    elif row.kind == K.RESTORED:
        events.reopen(shop=row.shop, source=row.key, actor=actor)
    elif row.kind == K.UNKNOWN:
        events.suspend(shop=row.shop, source=row.key, actor=actor)
    else:
        columns = differences.columns(row.kind, row.theirs, row.shop)
        assert columns is not None  # noqa: S101 - as `obstacle` says
        change = FactChange(updates.FACTS[RegisterDifferenceKind(row.kind)], columns, differences.ours(row.kind, row.shop), row.theirs)
        # Other facts may still differ: they keep their source and time.
        take_over(shop=row.shop, changes=[change], register=row.shop.facts_source, as_of=row.shop.facts_at, source=row.key, actor=actor)


def _open(row: CommercialDifference, actor: Actor) -> Shop:
    stated, holder, area = row.theirs, holder_of(row.licence_no), differences.area_of(row.theirs)
    assert area is not None and holder is not None  # noqa: S101 - as `obstacle` says
    activity = Activity.objects.filter(pk=stated.get("activity", "")).first()
    if activity is None:
        raise Refused("not_possible", _("The commercial register names an activity that the Municipality's lists lack."))
    shop = Shop(
        name_ar=stated["name_ar"],
        name_en=stated.get("name_en", "") or stated["name_ar"],
        activity=activity,
        owner=holder if isinstance(holder, User) else None,
        organisation=holder if isinstance(holder, Organisation) else None,
        branch_id=area.governorate.branch.pk,
        area=area,
        **{name: stated.get(name, "") for name in ADDRESS},
        commercial_license_no=row.licence_no,
        commercial_license_end=dt.date.fromisoformat(stated["valid_until"]),
        commercial_registration_no=stated.get("registration_no", ""),
        facts_source=CODE,
        facts_at=row.stated_at,
    )
    return events.open_shop(shop=shop, source=row.key, actor=actor)


def _day(text: str) -> dt.date:
    """The day on which the licence was cancelled, at most today."""
    return min(dt.date.fromisoformat(text), clock.today()) if text else clock.today()
