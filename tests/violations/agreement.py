"""What two pages of the portal say about the same thing, read from their HTML, and where they disagree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.test import Client
from django.urls import reverse
from lxml import html

from licensing.health import queries as licences
from licensing.health.states import RENEWAL
from municipality.accounts.models import User
from municipality.cases.models import Block, Effect
from payments import queries as payments
from shops.models import Shop
from shops.register import queries as shops
from violations import queries as violations
from violations.states import ViolationState


class Pages:
    """The pages of one person; each is read once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._pages: dict[str, Any] = {}

    def __getitem__(self, path: str) -> Any:
        if path not in self._pages:
            response = self._client.get(path)
            assert response.status_code == 200, (path, response.status_code)
            parser = html.HTMLParser(encoding="utf8")
            self._pages[path] = html.document_fromstring(response.content, parser=parser).xpath("//main")[0]
        return self._pages[path]


def links(element: Any) -> list[str]:
    return [str(href) for href in element.xpath(".//a/@href")]


def days(element: Any) -> list[dt.date]:
    return [dt.date.fromisoformat(value[:10]) for value in element.xpath(".//time/@datetime")]


def amounts(element: Any) -> list[str]:
    """The amounts that an element shows, such as `100.000`."""
    return ["".join(number.itertext()).split("KD")[-1].strip("\u00a0 ") for number in element.xpath(".//*[contains(@class, 'kp-num')]")]


def disagreements(person: User, client: Client) -> Iterator[str]:
    """Where the pages of a person contradict each other or what the portal would do."""
    pages = Pages(client)
    held = list(shops.held_by(person).order_by("pk"))
    yield from _renewals(pages, held)
    yield from _blocks(pages, held, person)
    yield from _order(pages)
    yield from _money(pages, person)
    yield from _days(pages, person)
    yield from _clearance(pages, person, client)


def _renewals(pages: Pages, held: list[Shop]) -> Iterator[str]:
    """A button “Renew” stands exactly where the renewal can be sent."""
    for shop in held:
        start = reverse("licensing:renew", args=[shop.public_id])
        can_send = bool(pages[start].xpath(".//form[@id='form']")) or licences.offer(shop).may_be_studied
        for path in (reverse("shops:mine"), reverse("home")):
            labels = [" ".join(a.itertext()).split() for a in pages[path].xpath(f".//a[@href='{start}']")]
            offered = any(label[:1] == ["Renew"] for label in labels)
            if offered and not can_send:
                yield f"{path} offers to renew {shop.name_en}, and its page refuses"
        if can_send and licences.offer(shop).may_renew and start not in links(pages[reverse("shops:mine")]):
            yield f"{shop.name_en} can be renewed, and My shops does not lead there"


def _blocks(pages: Pages, held: list[Shop], person: User) -> Iterator[str]:
    """Each block that stops a renewal leads to its cause, and to paying where something can be paid.

    Shops that another authority licenses are left out: their page names that authority and nothing else.
    """
    held = [shop for shop in held if licences.offer(shop).conditions[0].is_met]
    for block in Block.objects.filter(subject__in=[shop.key for shop in held], stops=RENEWAL, effect=Effect.STOP, lifted_at__isnull=True):
        page = pages[reverse("licensing:renew", args=[block.subject.partition(":")[2]])]
        row = violations.concerning(person).filter(public_id=block.source.partition(":")[2]).first()
        if row is None:
            yield f"{block.subject} is blocked by {block.source}, which its holder cannot open"
            continue
        found = [link.partition("?")[0] for link in links(page)]
        if reverse("violations:page", args=[row.public_id]) not in found:
            yield f"the block of {block.subject} does not lead to {row.reference}"
        if row.state == ViolationState.JUDGED and reverse("violations:pay", args=[row.public_id]) not in found:
            yield f"{row.reference} blocks {block.subject} and cannot be paid from there"


def _order(pages: Pages) -> Iterator[str]:
    """My shops: what has to be done comes first, by its last day."""
    nearest = []
    for group in pages[reverse("shops:mine")].xpath(".//tbody"):
        shown = [day for cell in group.xpath(".//tr[@class='is-due']/td[last() - 1]") for day in days(cell)]  # the column "Last day"
        nearest.append(min(shown) if shown else None)
    if None in nearest and any(nearest[nearest.index(None) :]):
        yield "My shops lists a shop with nothing to do before one with a last day"
    dated = [day for day in nearest if day is not None]
    if dated != sorted(dated):
        yield f"My shops is not in the order of its last days: {[str(day) for day in nearest]}"


def _money(pages: Pages, person: User) -> Iterator[str]:
    """The home page adds up what the basket lists: bills and offers apart."""
    lines = [item for item in payments.basket_of(person) if item.can_choose]
    sums = pages[reverse("home")].xpath(".//dl[contains(@class, 'kp-sums')]")
    shown = amounts(sums[0]) if sums else []
    due, offered = sum(i.fils for i in lines if not i.is_offer), sum(i.fils for i in lines if i.is_offer)
    expected = [f"{fils / 1000:,.3f}" for fils in (due, offered) if fils]
    if shown != expected:
        yield f"home shows the sums {shown}, the basket has {expected}"
    listed = amounts(pages[reverse("payments:basket")])
    for item in lines:
        if f"{item.fils / 1000:,.3f}" not in listed:
            yield f"the basket does not list {item.title_en}"


def _days(pages: Pages, person: User) -> Iterator[str]:
    """A deadline on the home page is a day that the page it leads to shows too."""
    for line in pages[reverse("home")].xpath(".//ol[contains(@class, 'kp-dates')]/li"):
        day, path = days(line)[0], links(line)[0]
        if day not in days(pages[path.partition("?")[0]]):
            yield f"home says {day} for {' '.join(line.xpath('.//h3')[0].itertext()).strip()}, {path} does not"


def _clearance(pages: Pages, person: User, client: Client) -> Iterator[str]:
    """No clearance certificate while a violation stops a service, and none is refused without a reason that can be opened."""
    owed = violations.owed_by(person)
    page = pages[reverse("violations:clearance")]
    can_ask = bool(page.xpath(".//button[@type='submit']"))
    held = [shop.key for shop in shops.held_by(person)]
    if can_ask and Block.objects.filter(subject__in=held, effect=Effect.STOP, lifted_at__isnull=True).exists() and not owed.exists():
        yield "a clearance certificate is offered while a service is blocked"
