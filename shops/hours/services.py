"""Stating the opening hours of a shop, by its holder or a delegate; no officer decides."""

from __future__ import annotations

from typing import Literal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.audit.services import record
from municipality.delegation.authorization import NotYours, authorize, may
from municipality.kernel import clock, ids
from municipality.kernel.errors import Refused
from municipality.kernel.subjects import SubjectKey
from shops.models import RegisterChange, Shop
from shops.models.hours import HoursWeek, StatedHours
from shops.models.week import Week
from shops.register import queries
from shops.register.signals import shops_changed

HOURS = "shops.hours"
STATE_LIMIT = AttemptLimit("shop_hours", 60, 86_400)  # a person; holders of many shops state them at once
Part = Literal["week", "ramadan"]


def may_state(user: Visitor, shop: Shop) -> bool:
    """Whether `user` may state the hours of a shop, as its holder or delegate."""
    if not user.is_authenticated or user.is_staff:
        return False
    return queries.visible_to(user, HOURS).filter(pk=shop.pk).exists()


def state_hours(*, shop: Shop, person: User, week: Week | None, part: Part = "week") -> None:
    """State the hours of a shop, of the year or of Ramadan, or delete them (None; without those of the year both).

    Writes the hours, a RegisterChange, an audit event and the index in one transaction; the same hours again renew `stated_at`.
    Raises NotPermitted for other users; Refused: closed_already, merged, hours_first (Ramadan before the year), never_open,
    nothing_stated, too_often (status 429).
    """
    if not STATE_LIMIT.take(person.key):
        refusal = Refused("too_often", _("You have sent as many as a day allows. Please send the rest tomorrow."))
        refusal.status = 429
        raise refusal
    _state(shop, person, week, part)


@transaction.atomic
def _state(shop: Shop, person: User, week: Week | None, part: Part) -> None:
    row = Shop.objects.select_for_update(of=("self",)).select_related("owner", "organisation").get(pk=shop.pk)
    access = authorize(person, row, HOURS)
    if not may(access.actor, person=access.person, service=HOURS, subject=row.key):
        raise NotYours
    queries.refuse_merged(row)
    stated = StatedHours.objects.filter(shop=row).first()
    _validate(row, stated, week, part)
    before = _values(stated)
    if week is not None:
        HoursWeek.objects.bulk_create([HoursWeek.of(week)], ignore_conflicts=True)
    after = _save(row, stated, week, part)
    source = str(SubjectKey("hours", ids.public_id()))
    if after != before:
        RegisterChange.objects.create(
            shop=row, name="hours", before=before, after=after, source=source, actor_key=access.actor.key, at=clock.now()
        )
    shops_changed.send(Shop, keys=[row.pk])
    record("shop.hours_stated", subject=row.key, actor=access.actor, data={"by": source, "part": part, "taken_back": week is None})


def _validate(shop: Shop, stated: StatedHours | None, week: Week | None, part: Part) -> None:
    if shop.closed_on is not None:
        raise Refused("closed_already", _("This shop is closed."))
    if week is None and (stated is None or (part == "ramadan" and stated.ramadan_id is None)):
        raise Refused("nothing_stated", _("There are no hours to take back."))
    if part == "ramadan" and stated is None:
        raise Refused("hours_first", _("State the hours of the other months first."))
    if part == "week" and week is not None and week.is_empty:
        raise Refused("never_open", _("A shop opens on at least one day. If it has closed for good, report that instead."))


def _save(shop: Shop, stated: StatedHours | None, week: Week | None, part: Part) -> dict[str, str]:
    """Save or delete the row; returns its values."""
    if week is None and part == "week":
        StatedHours.objects.filter(shop=shop).delete()
        return _values(None)
    row = stated or StatedHours(shop=shop)
    setattr(row, f"{part}_id", week.text if week is not None else None)
    row.stated_at = clock.now()
    row.save()
    return _values(row)


def _values(stated: StatedHours | None) -> dict[str, str]:
    return {"week": stated.week_id if stated else "", "ramadan": (stated.ramadan_id or "") if stated else ""}
