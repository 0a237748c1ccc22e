"""The health licence on the public page of a shop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from licensing.health.fronts import fronts_of
from licensing.health.panels import LIVE_LABELS
from licensing.measures import panels as measures
from licensing.models import HealthLicence
from municipality.accounts.models import User
from municipality.cases.panels import Fact, PageBlock, Picture, Record
from municipality.documents.states import DocumentState
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Authority
from municipality.ui.templatetags.portal import day_hijri, ref
from municipality.uploads.models import Upload
from shops.models import Shop


def licences(user: User, shops: Sequence[Shop]) -> dict[str, list[PageBlock]]:
    """The current licence of each shop with its number, days and check page, and the photo of its front, in four queries at most.

    A measure in force suspends the licence, so only the shops of suspended ones are asked for measures.
    """
    rows = HealthLicence.objects.filter(shop__in=[shop.pk for shop in shops], is_current=True).select_related("document")
    days, document = ("first_day", "last_day"), ("number", "code", "state", "valid_from", "valid_to")
    columns = [f"{of}{name}" for of in ("", "previous__") for name in (*days, *(f"document__{one}" for one in document))]
    current = {row.shop_id: row for row in rows.select_related("previous__document").only("shop_id", *columns)}
    authorities = rulebook.licensed_elsewhere({shop.activity_id for shop in shops}, clock.today())
    photos = fronts_of(shops)
    suspended = {pk for pk, row in current.items() if row.document.state == DocumentState.SUSPENDED}
    held = measures.blocks([shop for shop in shops if shop.pk in suspended]) if suspended else {}
    return {
        shop.key: [
            _licence(current.get(shop.pk), authorities.get(shop.activity_id), _front(shop, photos.get(shop.key))),
            *held.get(shop.key, []),
        ]
        for shop in shops
    }


def _front(shop: Shop, photo: Upload | None) -> Picture | None:
    if photo is None:
        return None
    url = reverse("licensing:front", args=[shop.public_id])
    return Picture(url, _("The front of the shop"), photo.width, photo.height, clock.day_of(photo.created_at))


def _licence(row: HealthLicence | None, authority: str | None, picture: Picture | None) -> PageBlock:
    if authority is not None:
        return _elsewhere(row, authority, picture)
    records = [_record(one) for one in _in_force(row)] if row is not None else []
    empty = _("No health licence of this shop is in the register.")
    return PageBlock("licence", _("Health licence"), order=10, records=records, empty=empty, picture=picture)


def _in_force(row: HealthLicence) -> list[HealthLicence]:
    """A current licence, after the one that is valid until it begins."""
    before = row.previous if row.first_day > clock.today() else None
    return [before, row] if before is not None and before.document.live_state == "valid" else [row]


def _elsewhere(row: HealthLicence | None, authority: str, picture: Picture | None) -> PageBlock:
    """The block of a shop whose activity another authority licenses; an old licence of the Municipality is part of the history."""
    empty = (
        _("The Public Authority for Food and Nutrition licenses this activity. Its licences are not in this register.")
        if authority == Authority.PAFN
        else _("Another authority licenses this activity. Its licences are not in this register.")
    )
    history = []
    if row is not None and row.last_day < clock.today():
        label = format_html("{} {}", _("The last health licence of the Municipality ended:"), ref(row.document.number))
        on: Any = row.last_day  # the history is sorted by it
        history.append(Fact(label, on))
    return PageBlock("licence", _("Health licence"), order=10, empty=empty, history=history, picture=picture)


def _record(row: HealthLicence) -> Record:
    state, label = LIVE_LABELS.get(row.document.live_state, ("wait", ""))
    return Record(
        ref(row.document.number),
        state=state,
        label=label,
        lines=[format_html("{} {} {} {}", _("From"), day_hijri(row.first_day), _("to"), day_hijri(row.last_day))],
        source=(_("Check this licence"), reverse("verify", args=[row.document.code])),
    )
