"""Following, unfollowing, and the daily digests."""

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
from shops.open_data.labels import label_of
from shops.subscriptions.notifications import FollowedChanged

MAX_FOLLOWS = 200  # follows of one person
MAX_LINES = 20  # changes that a digest lists
MOST = 500  # changes of one follow in a digest; the rest is in the next one


@transaction.atomic
def follow(*, person: User, shop: Shop | None = None, area: Area | None = None, block: str = "") -> Follow:
    """Follow a shop, an area or a block of it; idempotent. Raises Refused beyond MAX_FOLLOWS."""
    # Lock the person while their follows are counted.
    User.objects.select_for_update().get(pk=person.pk)
    follows = Follow.objects.filter(person=person)
    existing = follows.filter(shop=shop, area=area, block=block).first()
    if existing is not None:
        return existing
    if follows.count() >= MAX_FOLLOWS:
        raise Refused("follows_too_much", _("You follow as much as one person can. End something that you follow first."))
    return Follow.objects.create(person=person, shop=shop, area=area, block=block, told=feed.last_number(), since=clock.now())


@transaction.atomic
def unfollow(*, person: User, pk: int) -> bool:
    """Delete one follow of a person. Whether there was one."""
    return bool(Follow.objects.filter(person=person, pk=pk).delete()[0])


@transaction.atomic
def stop(*, person: User) -> int:
    """Delete all follows of a person, so that no digest is sent any more. Returns how many."""
    return Follow.objects.filter(person=person).delete()[0]


def notify_everybody() -> int:
    """Send today's digests to all followers of something that changed. Returns how many were sent."""
    feed.number_all()
    upto, sent, last = feed.last_number(), 0, 0
    people = Follow.objects.filter(told__lt=upto).order_by("person").values_list("person", flat=True).distinct()
    while batch := list(people.filter(person__gt=last)[:500]):
        for pk in batch:
            sent += notify(pk, upto)
        last = batch[-1]
    return sent


def notify(person_pk: int, upto: int) -> bool:
    """Send one person the changes since the last digest up to a number, at most one message a day."""
    today = clock.today()
    try:
        with transaction.atomic():
            # A concurrent worker waits here, then finds today's digest or no follows.
            person = User.objects.select_for_update().filter(pk=person_pk, is_active=True).first()
            follows = list(Follow.objects.select_related("shop").filter(person=person_pk, told__lt=upto))
            if person is None or not follows or Digest.objects.filter(person=person_pk, day=today).exists():
                return False
            changes, reached = _changes(follows, upto)
            Follow.objects.filter(pk__in=[follow.pk for follow in follows], told__lt=reached).update(told=reached)
            if not changes:
                return False
            Digest.objects.create(person=person, day=today, upto=reached, changes=len(changes))
            lines = Bilingual(ar=_digest_text(changes, "ar"), en=_digest_text(changes, "en"))
            counted = Bilingual(ar=_counted(len(changes), "ar"), en=_counted(len(changes), "en"))
            send(FollowedChanged, person=person, key=f"digest:{today.isoformat()}", context={"lines": lines, "counted": counted})
    except IntegrityError:  # sent by another worker
        return False
    return True


def _changes(follows: list[Follow], upto: int) -> tuple[list[Change], int]:
    """The changes of all follows, each once, oldest first, and the number up to which they are all there.

    Of a merged shop, also those of the one that stands for it.
    """
    by_number: dict[int, Change] = {}
    reached = upto
    for follow in follows:
        if follow.shop is not None:
            condition = Q(shop__in=[pk for pk in (follow.shop.pk, follow.shop.merged_into_id) if pk])
        else:
            condition = Q(area=follow.area_id, **({"block": follow.block} if follow.block else {}))
        found = list(Change.objects.filter(condition, number__gt=follow.told, number__lte=reached).order_by("number")[: MOST + 1])
        if len(found) > MOST:
            reached = found[MOST - 1].number
        by_number |= {change.number: change for change in found}
    return [by_number[number] for number in sorted(by_number) if number <= reached], reached


def _counted(amount: int, language: str) -> str:
    with translation.override(language):
        return ngettext("%(count)d change", "%(count)d changes", amount) % {"count": amount}


def _digest_text(changes: list[Change], language: str) -> str:
    """The text of a digest: a line for each change."""
    with translation.override(language):
        lines = []
        for change in changes[:MAX_LINES]:
            row: dict[str, Any] = change.row
            name = row["name_ar"] if language == "ar" else row["name_en"] or row["name_ar"]
            location = f"{row[f'area_{language}']} · {gettext('block')} {row['block']}"
            lines.append(f"• {name} – {label_of(change.kind)} – {date_format(change.on)} – {location}")
        if len(changes) > MAX_LINES:
            lines.append(gettext("and %(count)d more") % {"count": len(changes) - MAX_LINES})
        return "\n".join(lines)
