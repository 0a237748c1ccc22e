"""The line of the health licence of each shop of My shops."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from licensing.health import obligations, renewability
from licensing.health.draft_pages import CONTINUE, page_url
from licensing.health.panels import LIVE_LABELS
from licensing.health.renewability import Renewability
from licensing.health.states import CHANGE, DUPLICATE, RENEWAL, TRANSFER
from licensing.measures import effects
from licensing.shop_cases import OpenCase, last_days
from licensing.workers import queries as workers
from municipality.accounts.models import User
from municipality.cases.obligations import Duty, Obligation
from municipality.cases.panels import PanelLine
from municipality.drafts import queries as drafts
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.rulebook.labels import licensed_by
from municipality.ui.addresses import addresses
from municipality.ui.templatetags.portal import bilingual, day
from municipality.ui.texts import Text
from shops.models import Shop

UNDER_WAY = {
    RENEWAL: _("Renewal under way"),
    CHANGE: _("Change under way"),
    DUPLICATE: _("Duplicate under way"),
    TRANSFER: _("Transfer under way"),
}


def my_shops(user: User, shops: Sequence[Shop]) -> dict[str, list[PanelLine]]:
    """One line for each shop: the state of its licence, its last day, and the next action."""
    shops = obligations.renewable_shops(user, shops)
    rows = renewability.of_shops(shops, is_shown=True)
    elsewhere = rulebook.licensed_elsewhere({shop.activity_id for shop in shops}, clock.today())
    keys = [shop.key for shop in shops]
    saved, changing = (drafts.begun_subjects(user, service, keys) for service in (RENEWAL, CHANGE))
    pages = _Pages(workers.may_enter(user, shops))
    due = {
        shop.pk: obligations.obligation_of(shop, rows[shop.pk], pages.renew(shop.public_id), has_draft=shop.key in saved) for shop in shops
    }
    stopped = [(shop, rows[shop.pk]) for shop in shops if (one := due[shop.pk]) is not None and one.code == "unblock"]
    reasons = obligations.reasons_of(user, stopped, shops)
    # A transfer is the request of the new holder.
    under_way = [row.open_case for row in rows.values() if row.open_case is not None and row.open_case.service != TRANSFER]
    asked = last_days(under_way)
    lines = {
        shop: _licence_line(shop, rows[shop.pk], elsewhere.get(shop.activity_id), due[shop.pk], reasons.get(shop.pk, ""), pages)
        for shop in shops
    }
    lines = {shop: _begun_line(line, shop, rows[shop.pk]) if shop.key in changing else line for shop, line in lines.items()}
    return {shop.key: [_asked_line(line, rows[shop.pk].open_case, asked)] for shop, line in lines.items()}


def _begun_line(line: PanelLine, shop: Shop, row: Renewability) -> PanelLine:
    """The line of a licence whose change was begun and not sent, while it asks for nothing else."""
    if row.licence is None or row.open_case is not None or line.is_due or line.state != "ok":
        return line
    url = page_url(shop, CHANGE, CONTINUE)
    return replace(line, state="warn", note=_("A request is being filled in"), action=_("Continue the request"), url=url)


def _asked_line(line: PanelLine, case: OpenCase | None, asked: dict[int, dt.date | None]) -> PanelLine:
    """The line of a licence whose request waits to be paid or corrected: the last day is that of what is asked for."""
    if case is None or case.pk not in asked:
        return line
    until = asked[case.pk]
    if until is None:
        return replace(line, is_due=True)
    note = format_html("{} {}", _("Last day of the licence:"), day(line.deadline)) if line.deadline is not None else line.note
    return replace(line, is_due=True, deadline=until, note=note)


class _Pages:
    """The addresses to which the lines of a list lead. `with_workers`: the shops whose workers the reader may enter."""

    def __init__(self, with_workers: Collection[int]) -> None:
        self.with_workers = with_workers
        self.renew, self.licence, self.workers = (
            addresses("licensing:renew"),
            addresses("licensing:licence"),
            addresses("licensing:workers"),
        )
        self.file = addresses("document")


def _licence_line(
    shop: Shop, row: Renewability, authority: str | None, obligation: Obligation | None, reason: Text, pages: _Pages
) -> PanelLine:
    title, renew = _("Health licence"), pages.renew(shop.public_id)
    if authority is not None:
        return PanelLine(title, state="wait", label=licensed_by(authority), action=_("Where to go"), url=renew)
    if row.licence is None:
        return PanelLine(title, state="bad", label=_("No licence on file"), action=_("What to do"), url=renew)
    label: Text
    live_state = row.licence.document.live_state
    state, label = LIVE_LABELS[live_state]
    page = pages.licence(shop.public_id) if live_state in ("valid", "not_yet") else ""
    data = {"page": page, "workers": pages.workers(shop.public_id) if shop.pk in pages.with_workers else ""}
    common: dict[str, Any] = {"title": title, "reference": row.licence.document.number, "deadline": row.licence.last_day, "data": data}
    if state == "ok" and row.licence.document.file_id:
        data["file"] = pages.file(row.licence.document.number)
    if row.open_case is not None:
        if row.open_case.service == TRANSFER:  # the request of the new holder
            url = reverse("licensing:transfer", args=[shop.public_id])
            return PanelLine(**common, state="warn", label=UNDER_WAY[TRANSFER], action=_("See the state of the transfer"), url=url)
        url = reverse("cases:case", args=[row.open_case.public_id])
        under_way: Text = UNDER_WAY[row.open_case.service]
        if row.licence.last_day < clock.today():
            state, under_way = "bad", format_html("{} · {}", LIVE_LABELS["expired"][1], under_way)
        else:
            state = "warn"
        return PanelLine(**common, state=state, label=under_way, action=row.open_case.action, url=url)
    measure = next((block for block in row.blocks if block.ground == effects.MEASURE), None)
    if measure is not None:
        sentence = bilingual(measure, "sentence")
        return PanelLine(**common, state="bad", label=label, note=sentence, action=_("What lifts it"), url=renew)
    if obligation is None or obligation.duty == Duty.LATER:
        held: Text = ""
        if live_state == "suspended" and row.licence.first_day > clock.today():
            held = format_html(str(_("The licence before it is in force until {}.")), day(row.licence.first_day - dt.timedelta(days=1)))
        action = _("Conditions of renewal") if state != "ok" else ""
        return PanelLine(**common, state=state, label=label, note=held, action=action, url=renew)
    note: Text = ""
    if state == "ok":
        state, label = "warn", _("Ends soon")
    if obligation.code == "continue":
        label = _("A request is being filled in")
    elif obligation.code == "unblock":
        state, label, note = "bad", _("Renewal is stopped"), reason
    return PanelLine(**common, state=state, label=label, note=note, action=obligation.action, url=obligation.url, is_due=True)
