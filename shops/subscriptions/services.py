"""Following and its end, and the digest of a day."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.notifications.texts import Bilingual
from municipality.places.models import Area
from shops.models import Shop
from shops.models.open_data import Change
from shops.models.subscriptions import Digest, Follow
from shops.open_data import feed
from shops.open_data.labels import word_of
from shops.subscriptions.notifications import FollowedChanged

MOST = 200  # things that one person follows
LINES = 20  # changes that a digest spells out


@transaction.atomic
def follow(*, person: User, shop: Shop | None = None, area: Area | None = None, block: str = "") -> Follow:
    """Begin to follow a shop, an area or a block of it; once more is the same. Raises Refused beyond MOST."""
    # The person's row is the lock under which they are counted.
    User.objects.select_for_update().get(pk=person.pk)
    mine = Follow.objects.filter(person=person)
    known = mine.filter(shop=shop, area=area, block=block).first()
    if known is not None:
        return known
    if mine.count() >= MOST:
        raise Refused("follows_too_much", _("You follow as much as one person can. End something that you follow first."))
    return Follow.objects.create(person=person, shop=shop, area=area, block=block, told=feed.last_number(), since=clock.now())


@transaction.atomic
def unfollow(*, person: User, pk: int) -> bool:
    """End one thing that a person follows. True if they followed it."""
    return bool(Follow.objects.filter(person=person, pk=pk).delete()[0])


@transaction.atomic
def stop(*, person: User) -> int:
    """End everything that a person follows: no digest comes any more. Returns how many things it was."""
    return Follow.objects.filter(person=person).delete()[0]


def notify_everybody() -> int:
    """Send today's digests to everybody who follows something that changed. Returns how many were sent."""
    feed.number_all()
    upto, sent, last = feed.last_number(), 0, 0
    people = Follow.objects.filter(told__lt=upto).order_by("person").values_list("person", flat=True).distinct()
    while batch := list(people.filter(person__gt=last)[:500]):
        for pk in batch:
            sent += notify(pk, upto)
        last = batch[-1]
    return sent


def notify(person_pk: int, upto: int) -> bool:
    """Send one person what changed up to a number since they were told last: one message a day, none where nothing changed."""
    today = clock.today()
    try:
        with transaction.atomic():
            # A second worker waits here and then finds the day's row, or nothing left to tell.
            person = User.objects.select_for_update().filter(pk=person_pk, is_active=True).first()
            follows = list(Follow.objects.filter(person=person_pk, told__lt=upto))
            if person is None or not follows or Digest.objects.filter(person=person_pk, day=today).exists():
                return False
            found = _changes(follows, upto)
            Follow.objects.filter(pk__in=[one.pk for one in follows]).update(told=upto)
            if not found:
                return False
            Digest.objects.create(person=person, day=today, upto=upto, changes=len(found))
            lines = Bilingual(ar=_told(found, "ar"), en=_told(found, "en"))
            counted = Bilingual(ar=_counted(len(found), "ar"), en=_counted(len(found), "en"))
            send(FollowedChanged, person=person, key=f"digest:{today.isoformat()}", context={"lines": lines, "counted": counted})
    except IntegrityError:  # the other worker was first; its digest stands
        return False
    return True


def _changes(follows: list[Follow], upto: int) -> list[Change]:
    """What changed of all that is followed, each once, oldest first."""
    found: dict[int, Change] = {}
    for one in follows:
        of = Q(shop=one.shop_id) if one.shop_id else Q(area=one.area_id, **({"block": one.block} if one.block else {}))
        for change in Change.objects.filter(of, number__gt=one.told, number__lte=upto).order_by("number")[:500]:
            found[change.number] = change
    return [found[number] for number in sorted(found)]


def _counted(amount: int, language: str) -> str:
    with translation.override(language):
        return ngettext("%(count)d change", "%(count)d changes", amount) % {"count": amount}


def _told(changes: list[Change], language: str) -> str:
    """One line a change."""
    with translation.override(language):
        lines = []
        for change in changes[:LINES]:
            row: dict[str, Any] = change.row
            own = row["name_ar"] if language == "ar" else row["name_en"] or row["name_ar"]
            where = f"{row[f'area_{language}']} · {gettext('block')} {row['block']}"
            lines.append(f"• {own} – {word_of(change.kind)} – {date_format(change.on)} – {where}")
        if len(changes) > LINES:
            lines.append(gettext("and %(count)d more") % {"count": len(changes) - LINES})
        return "\n".join(lines)
