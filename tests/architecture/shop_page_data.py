"""What is asked of the pages of shops: a correction that is studied, a reply that is read; and their pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from municipality.cases.models import Case
from municipality.kernel import clock
from shops.hours.services import state_hours
from shops.models import PageFact, Reply, Shop
from shops.models.week import parse
from shops.public_page import services
from shops.registry import finding_of

if TYPE_CHECKING:
    from tests.architecture.page_visits import Visit
    from tests.architecture.sample_data import Sample


@dataclass
class PageRows:
    shop: Shop  # of the owner, with a final and a contested violation
    correction: Case  # asked for by the stranger
    reply: Case  # of the owner, to the contested violation


def fill(sample: Sample) -> PageRows:
    shop = sample.fines.shop
    names = {"name_ar": "صالون الضحى", "name_en": "Al-Duha Salon"}
    correction = services.ask_correction(
        shop=sample.register.closed, person=sample.stranger.person, fact="trade_name", proposed=names, why="2026"
    )
    finding = finding_of(sample.fines.objected.key)
    assert finding is not None
    reply = services.reply(finding=finding, person=sample.owner.person, text="2026")
    for part, week in (("week", "Sa-Th 09:00-13:00,16:00-22:00; Fr 16:00-22:00"), ("ramadan", "Mo-Su 20:00-02:00")):
        state_hours(shop=shop, person=sample.owner.person, week=parse(week), part=part)
    return PageRows(shop, correction, reply)


def _fresh(like: Case, subject: str, reference: str) -> Case:
    row = Case.objects.get(pk=like.pk)
    row.pk = row.last_event = None
    row.public_id, row.reference, row.subject, row.state = subject[-1] * 26, reference, subject, "draft"
    row._state.adding = True
    row.save()
    return row


def fresh_correction(sample: Sample) -> Case:
    """A case of a correction in its first state."""
    return _fresh(sample.page.correction, "shop_fact:walked-d", "COR-2026-999999-X")


def fresh_reply(sample: Sample) -> Case:
    """A case of a reply in its first state."""
    return _fresh(sample.page.reply, "violation:walked-e", "REP-2026-999999-X")


def more(sample: Sample) -> None:
    """A reply that is published."""
    Reply.objects.filter(case=sample.page.reply).update(published_at=clock.now())


def visits() -> list[Visit]:
    """The page of a shop with all its blocks, and what is asked of it."""
    from tests.architecture.page_matrix import CORRECT, HOURS, NO_HOURS, REPLY_TO, WITHDRAW
    from tests.architecture.page_visits import Visit

    address = {"area": "{s.page.shop.area_id}", "block": "1", "street": "2", "building": "3", "paci_number": "10229999", "why": "2026"}
    alike = {f"d{day}_kind": "same" for day in range(1, 7)}
    return [
        Visit("/{lang}/shops/?q=1022&open_now=on", note="open now"),
        Visit(HOURS, "owner"),
        Visit(NO_HOURS, "owner", note="nothing stated"),
        Visit(f"{HOURS}ramadan/", "owner"),
        Visit(NO_HOURS, "owner", post={}, status=400, note="empty"),
        Visit(NO_HOURS, "owner", post={**alike, "d0_kind": "closed"}, status=400, note="never open"),
        Visit(NO_HOURS, "owner", post={**alike, "d0_kind": "open", "d0_from": "9:10", "d0_to": "x"}, status=400, note="no times"),
        Visit(NO_HOURS, "owner", post={"take_back": "1"}, status=409, note="nothing to take back"),
        Visit("/{lang}/shops/{s.page.shop.public_id}/", note="with findings"),
        Visit("/{lang}/shops/{s.page.shop.public_id}/", "owner", note="their own, with findings"),
        Visit("/{lang}/shops/{s.owner.shop.public_id}/", note="with a licence"),
        Visit("/{lang}/shops/map/"),
        Visit("/{lang}/shops/map/?q=1022", note="with a question"),
        Visit("/{lang}/shops/map/?q=1022&box=1,2,3", note="a part that is none"),
        Visit("/{lang}/shops/map/?q=0000000000", note="nothing fits"),
        Visit("/{lang}/report/"),
        Visit("/{lang}/report/?shop={s.page.shop.public_id}", note="about a shop"),
        Visit("/{lang}/report/?shop=%00", status=400, note="about nothing"),
        Visit(CORRECT, "stranger"),
        Visit("/{lang}/corrections/{s.register.closed.public_id}/", "stranger", note="closed"),
        *(Visit(f"{CORRECT}{fact}/", "stranger") for fact in PageFact.values),
        *(
            Visit(f"{CORRECT}{fact}/", "stranger", post={}, status=400, note="empty")
            for fact in ("trade_name", "activity", "address", "closed")
        ),
        Visit(f"{CORRECT}closed/", "stranger", post={"on": "2030-01-01", "why": "2026"}, status=400, note="a day ahead"),
        Visit(f"{CORRECT}address/", "stranger", post=address | {"paci_number": "1"}, status=400, note="a short number"),
        Visit(f"{CORRECT}address/", "stranger", post=address, note="asked for"),
        Visit(f"{CORRECT}address/", "stranger", post=address, before=((f"{CORRECT}address/", address),), status=409, note="asked twice"),
        Visit(REPLY_TO, "owner"),
        Visit(REPLY_TO, "owner", post={}, status=400, note="empty"),
        Visit(REPLY_TO, "owner", post={"text": "https://1"}, status=400, note="with a link"),
        Visit(REPLY_TO, "owner", post={"text": "2026"}, status=409, note="replied already"),
        Visit("/{lang}/cases/{s.page.correction.public_id}/", "stranger", note="a correction"),
        Visit("/{lang}/cases/{s.page.reply.public_id}/", "owner", note="a reply"),
        Visit(WITHDRAW, "stranger"),
        Visit(WITHDRAW, "stranger", post={}, note="taken back"),
        Visit("/{lang}/my-shops/{s.page.shop.public_id}/door/", "owner"),
    ]
